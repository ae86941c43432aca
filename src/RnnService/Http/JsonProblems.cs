using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace RnnService.Http;

/// <summary>Turns the serialiser's exception into a problem that says where in the body, what was expected and what was probably meant.</summary>
internal static partial class JsonProblems
{
    /// <summary>The problem with a body that should have been a <paramref name="root"/>.</summary>
    public static ProblemResult Of(JsonException exception, Type root, JsonSerializerOptions options)
    {
        var segments = Segments(exception.Path ?? "$");
        if (Unmapped().Match(exception.Message) is { Success: true } unmapped)
            return UnknownProperty(unmapped.Groups[1].Value, segments, root, options);
        if (Missing().Match(exception.Message) is { Success: true } missing)
            return MissingProperties(missing.Groups[1].Value, segments);
        if (exception.Message.Contains("Duplicate propert", StringComparison.Ordinal))
            return Problems.Malformed("A property is given twice.", "Give every property once.", ProblemError.At(Pointer(segments), "This property is given twice."));
        // The reader's own exceptions are about the text; only the deserialiser's are about types.
        if (exception.InnerException is JsonException || exception.GetType() != typeof(JsonException))
            return NotJson(exception);
        return WrongType(segments, root, options);
    }

    private static ProblemResult NotJson(JsonException exception)
    {
        var place = $"line {(exception.LineNumber ?? 0) + 1}, byte {(exception.BytePositionInLine ?? 0) + 1}";
        var reason = Position().Replace(exception.Message, "");
        return Problems.Malformed($"The body is not JSON at {place}: {reason}", "Send UTF-8 JSON with properties in double quotes and no trailing commas.");
    }

    private static ProblemResult UnknownProperty(string name, List<string> segments, Type root, JsonSerializerOptions options)
    {
        // Some versions end the path at the property, some at the object that holds it.
        var parents = segments.Count > 0 && segments[^1] == name ? segments[..^1] : segments;
        var known = TypeAt(parents, root, options) is { Kind: JsonTypeInfoKind.Object } type ? type.Properties.Select(property => property.Name).ToArray() : [];
        var hint = known.Length == 0
            ? "Leave it out."
            : $"The nearest known name is '{NearestName.Of(name, known)}'; known here: {string.Join(", ", known)}.";
        return Problems.Malformed($"'{ClientText.Shorten(name)}' is not a known property.", hint, ProblemError.At(Pointer([.. parents, name]), "Unknown property."));
    }

    private static ProblemResult MissingProperties(string list, List<string> segments)
    {
        var names = Quoted().Matches(list).Select(match => match.Groups[1].Value).ToArray();
        return Problems.Malformed(
            $"Required and missing: {string.Join(", ", names)}.", $"Add {string.Join(", ", names)}.",
            [.. names.Select(name => ProblemError.At(Pointer([.. segments, name]), "This property is required."))]);
    }

    private static ProblemResult WrongType(List<string> segments, Type root, JsonSerializerOptions options)
    {
        var expected = TypeAt(segments, root, options) is { } type ? Describe(type) : "another type";
        var where = segments.Count == 0 ? "The body" : $"The value at {Pointer(segments)}";
        return Problems.Malformed($"{where} has the wrong type or is out of range.", $"Send {expected}.", ProblemError.At(Pointer(segments), $"Expected {expected}."));
    }

    private static JsonTypeInfo? TypeAt(IReadOnlyList<string> segments, Type root, JsonSerializerOptions options)
    {
        var type = options.GetTypeInfo(root);
        foreach (var segment in segments)
        {
            var next = type.Kind == JsonTypeInfoKind.Object
                ? type.Properties.FirstOrDefault(property => property.Name == segment)?.PropertyType
                : type.ElementType;
            if (next is null)
                return null;
            type = options.GetTypeInfo(next);
        }
        return type;
    }

    private static string Describe(JsonTypeInfo type)
    {
        var plain = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        if (plain.IsEnum)
            return "one of " + string.Join(", ", Enum.GetNames(plain).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName));
        if (plain == typeof(float) || plain == typeof(double))
            return "a finite number";
        if (plain == typeof(string))
            return "text in double quotes";
        if (plain == typeof(bool))
            return "true or false";
        if (plain.IsPrimitive)
            return "a whole number" + (plain == typeof(ulong) || plain == typeof(uint) ? " that is not negative" : "");
        return type.Kind switch
        {
            JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary => "an object in braces",
            JsonTypeInfoKind.Enumerable => "an array in brackets",
            _ => "a value as the documentation at /swagger shows",
        };
    }

    /// <summary>The names and indices of a path such as <c>$.inputs[0]['odd name']</c>.</summary>
    private static List<string> Segments(string path) =>
        [.. PathSegment().Matches(path).Select(match => match.Groups.Values.Skip(1).First(group => group.Success).Value)];

    /// <summary>RFC 6901.</summary>
    private static string Pointer(IReadOnlyList<string> segments) => segments.Aggregate(
        new StringBuilder(),
        (pointer, segment) => pointer.Append(CultureInfo.InvariantCulture, $"/{segment.Replace("~", "~0").Replace("/", "~1")}")).ToString();

    [GeneratedRegex(@"\.([^.\[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]")]
    private static partial Regex PathSegment();

    [GeneratedRegex("^The JSON property '(.*?)' could not be mapped to any \\.NET member")]
    private static partial Regex Unmapped();

    [GeneratedRegex("missing required properties including: (.*?)\\.?( Path:.*)?$")]
    private static partial Regex Missing();

    [GeneratedRegex("'([^']*)'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\s*(Path: .*? \| )?LineNumber: \d+ \| BytePositionInLine: \d+\.$")]
    private static partial Regex Position();
}
