using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RnnService;

/// <summary>How the service reads and writes JSON.</summary>
internal static class JsonConventions
{
    /// <summary>snake_case; strict about unknown and repeated properties, nulls, numbers in quotes and numbers that are not finite.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.PropertyNameCaseInsensitive = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.AllowDuplicateProperties = false;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.NumberHandling = JsonNumberHandling.Strict;
        // Quotes and accents as they are: the answers are JSON, never part of a page.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        options.Converters.Add(new FiniteSingle());
        options.Converters.Add(new FiniteDouble());
    }

    /// <summary>The same options for use outside a request: what is kept in the database's JSON columns.</summary>
    public static JsonSerializerOptions Stored { get; } = MakeStored();

    private static JsonSerializerOptions MakeStored()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Apply(options);
        // What a newer version stored must stay readable.
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip;
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
