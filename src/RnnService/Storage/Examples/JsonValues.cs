using System.Text.Json;

namespace RnnService.Storage.Examples;

/// <summary>Reads the values of a JSON Lines row. Each answers what is wrong as a sentence, or null.</summary>
internal static class JsonValues
{
    /// <summary>A text that is not only white space.</summary>
    public static string? Text(JsonElement value, string name, out string? text)
    {
        text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (text is null)
            return $"{name} must be text in double quotes.";
        return string.IsNullOrWhiteSpace(text) ? $"The {name} is empty." : null;
    }

    /// <summary>A label: text without the white space around it, a whole number, true or false; null if it is none of these.</summary>
    public static string? Label(JsonElement value) => value switch
    {
        { ValueKind: JsonValueKind.String } => value.GetString()?.Trim() is { Length: > 0 } text ? text : null,
        { ValueKind: JsonValueKind.Number } when value.TryGetInt64(out var whole) => whole.ToString(),
        { ValueKind: JsonValueKind.True } => "true",
        { ValueKind: JsonValueKind.False } => "false",
        _ => null,
    };

    /// <summary>One label for each step.</summary>
    public static string? Labels(JsonElement value, out IReadOnlyList<string>? labels)
    {
        labels = null;
        if (value.ValueKind != JsonValueKind.Array)
            return "labels must be an array with a label for each step.";
        var names = new string[value.GetArrayLength()];
        var step = 0;
        foreach (var element in value.EnumerateArray())
        {
            if (Label(element) is not { } name)
                return $"Label {step} must be text that is not empty, or a whole number.";
            names[step++] = name;
        }
        labels = names;
        return null;
    }

    /// <summary>At least one token.</summary>
    public static string? Tokens(JsonElement value, out IReadOnlyList<string>? tokens)
    {
        tokens = null;
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(token => token.ValueKind != JsonValueKind.String))
            return "tokens must be an array of texts.";
        if (value.GetArrayLength() == 0)
            return "The sequence is empty: tokens has no element.";
        tokens = [.. value.EnumerateArray().Select(token => token.GetString() ?? "")];
        return null;
    }

    /// <summary>At least one frame of at least one number, all of one size.</summary>
    public static string? Frames(JsonElement value, out float[][]? frames)
    {
        frames = null;
        if (value.ValueKind != JsonValueKind.Array)
            return "frames must be an array of arrays of numbers.";
        if (value.GetArrayLength() == 0)
            return "The sequence is empty: frames has no element.";
        var read = new float[value.GetArrayLength()][];
        var step = 0;
        foreach (var frame in value.EnumerateArray())
        {
            if (frame.ValueKind != JsonValueKind.Array || frame.GetArrayLength() == 0)
                return $"Frame {step} must be an array of at least one number.";
            if (step > 0 && frame.GetArrayLength() != read[0].Length)
                return $"Frame {step} has {frame.GetArrayLength()} numbers, frame 0 has {read[0].Length}; all frames must have the same size.";
            if (!TryNumbers(frame, out read[step], out _))
                return $"Frame {step} holds something that is not a finite number.";
            step++;
        }
        frames = read;
        return null;
    }

    /// <summary>At least one number.</summary>
    public static string? Features(JsonElement value, out float[]? features)
    {
        features = null;
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
            return "features must be an array of at least one number.";
        return TryNumbers(value, out features, out var wrong) ? null : $"Feature {wrong} is not a finite number.";
    }

    private static bool TryNumbers(JsonElement array, out float[] numbers, out int index)
    {
        (numbers, index) = (new float[array.GetArrayLength()], 0);
        foreach (var number in array.EnumerateArray())
        {
            if (number.ValueKind != JsonValueKind.Number || !number.TryGetSingle(out var value) || !float.IsFinite(value))
                return false;
            numbers[index++] = value;
        }
        return true;
    }
}
