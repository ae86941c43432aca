using System.Globalization;
using System.Text.Json;

namespace RnnService.TrainingJobs;

/// <summary>One field that cannot be accepted.</summary>
/// <param name="Pointer">RFC 6901 pointer into the request.</param>
/// <param name="Detail">What is wrong: limit and given value.</param>
/// <param name="Hint">What to send instead.</param>
internal sealed record FieldError(string Pointer, string Detail, string Hint);

/// <summary>Reads fields one by one, falls back to their defaults and collects what is wrong with them.</summary>
internal sealed class FieldErrors
{
    private readonly List<FieldError> _found = [];

    /// <summary>All that was wrong so far, in reading order.</summary>
    public IReadOnlyList<FieldError> Found => _found;

    /// <summary>A whole number within limits, or its default.</summary>
    public int Whole(string pointer, int? given, int fallback, int min, int max)
    {
        if (given is int value && (value < min || value > max))
            Add(pointer, $"{Name(pointer)} is {value}; it must be a whole number from {min} to {max}.", $"Send a value from {min} to {max}, or leave {Name(pointer)} out: the default here is {fallback}.");
        return given ?? fallback;
    }

    /// <summary>A number within limits, or its default.</summary>
    public double Number(string pointer, double? given, double fallback, double min, double max)
    {
        if (given is double value && !(value >= min && value <= max))
            Add(pointer, Text($"{Name(pointer)} is {value}; it must be a number from {min} to {max}."), Text($"Send a value from {min} to {max}, or leave {Name(pointer)} out: the default here is {fallback}."));
        return given ?? fallback;
    }

    /// <summary>A number within limits, or none.</summary>
    public double? Number(string pointer, double? given, double min, double max)
    {
        if (given is double value && !(value >= min && value <= max))
            Add(pointer, Text($"{Name(pointer)} is {value}; it must be a number from {min} to {max}."), Text($"Send a value from {min} to {max}, or leave {Name(pointer)} out: then there is none."));
        return given;
    }

    /// <summary>One of the values named in snake_case after the enum's members, or the default.</summary>
    public T Choice<T>(string pointer, string? given, T fallback, params ReadOnlySpan<T> available) where T : struct, Enum
    {
        if (given is null) return fallback;
        foreach (var value in available)
            if (Named(value) == given) return value;
        var names = new List<string>();
        foreach (var value in available) names.Add(Named(value));
        Add(pointer, $"{Name(pointer)} is \"{given}\", which is not available.", $"Available for {Name(pointer)}: {string.Join(", ", names)}.");
        return fallback;
    }

    /// <summary>A field that is part of the contract but cannot be honoured: refused rather than ignored.</summary>
    public void Unavailable(string pointer, bool asked, string instead)
    {
        if (asked) Add(pointer, $"{Name(pointer)} is not available for this job.", instead);
    }

    /// <summary>A group that comes from the version a job starts from, as the echoed spec has it: a field may be given if it says the same.</summary>
    public void AsStarted<TGiven, TStart>(string group, TGiven? given, TStart? start) where TGiven : class where TStart : class
    {
        if (given is null || start is null) return;
        var started = JsonSerializer.SerializeToElement(start, JsonConventions.Stored);
        foreach (var field in JsonSerializer.SerializeToElement(given, JsonConventions.Stored).EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Null) continue;
            var isKnown = started.TryGetProperty(field.Name, out var value);
            if (isKnown && JsonElement.DeepEquals(field.Value, value)) continue;
            var pointer = $"{group}/{field.Name}";
            Add(pointer, $"{Name(pointer)} is {ClientText.Shorten(field.Value.GetRawText())}; the model that the job starts from has {(isKnown ? value.GetRawText() : "none")}.", $"Leave {Name(pointer)} out: with init_from it comes from the model that the job starts from.");
        }
    }

    /// <summary>Any other error.</summary>
    public void Add(string pointer, string detail, string hint) => _found.Add(new FieldError(pointer, detail, hint));

    private static string Named<T>(T value) where T : struct, Enum =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static string Name(string pointer) => pointer.TrimStart('/').Replace('/', '.');

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
