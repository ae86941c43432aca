using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace RnnService.Storage.Examples;

/// <summary>Reads JSON Lines: an object a line with <c>text</c>, <c>tokens</c> or <c>frames</c>, and <c>label</c>.</summary>
internal static class JsonLinesExamples
{
    private const int BufferBytes = 1 << 16;

    private static readonly string[] Known = ["text", "tokens", "frames", "label"];

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The rows of a file, good and bad; blank lines are skipped.</summary>
    public static async IAsyncEnumerable<ExampleRow> ReadAsync(Stream utf8, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(utf8, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, BufferBytes, leaveOpen: true);
        for (var line = 1L; await reader.ReadLineAsync(cancellationToken) is { } json; line++)
        {
            if (!string.IsNullOrWhiteSpace(json))
                yield return Row(line, json);
        }
    }

    private static ExampleRow Row(long line, string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return Parse(document.RootElement, out var example) is { } error ? ExampleRow.Bad(line, error) : ExampleRow.Of(line, example!);
        }
        catch (JsonException broken)
        {
            return ExampleRow.Bad(line, broken.Message.Contains("Duplicate", StringComparison.Ordinal)
                ? "A property is given twice."
                : $"The line is not JSON at byte {(broken.BytePositionInLine ?? 0) + 1}: {broken.Message.Split(" LineNumber:")[0]}");
        }
    }

    private static string? Parse(JsonElement row, out DatasetExample? example)
    {
        example = null;
        if (row.ValueKind != JsonValueKind.Object)
            return "The line is not an object in braces, such as {\"text\":\"…\",\"label\":\"x\"}.";
        JsonElement? label = null, input = null;
        var kind = "";
        foreach (var property in row.EnumerateObject())
        {
            if (property.NameEquals("label"))
                label = property.Value;
            else if (!Known.Contains(property.Name))
                return $"'{ClientText.Shorten(property.Name)}' is not a known property; the nearest is '{NearestName.Of(property.Name, Known)}'.";
            else if (input is not null)
                return $"The line has both {kind} and {property.Name}; give one of text, tokens and frames.";
            else
                (kind, input) = (property.Name, property.Value);
        }
        if (input is null)
            return "The line has none of text, tokens and frames.";
        if (LabelOf(label) is not { Length: > 0 } name)
            return label is null ? "The label is missing." : "The label must be text that is not empty, or a whole number.";
        return kind switch
        {
            "text" => Text(input.Value, name, out example),
            "tokens" => Tokens(input.Value, name, out example),
            _ => Frames(input.Value, name, out example),
        };
    }

    private static string? LabelOf(JsonElement? label) => label switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString()?.Trim(),
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out var whole) => whole.ToString(),
        { ValueKind: JsonValueKind.True } => "true",
        { ValueKind: JsonValueKind.False } => "false",
        _ => null,
    };

    private static string? Text(JsonElement value, string label, out DatasetExample? example)
    {
        example = null;
        if (value.ValueKind != JsonValueKind.String)
            return "text must be text in double quotes.";
        if (value.GetString() is not { } text || string.IsNullOrWhiteSpace(text))
            return "The text is empty.";
        example = new DatasetExample { Text = text, Label = label };
        return null;
    }

    private static string? Tokens(JsonElement value, string label, out DatasetExample? example)
    {
        example = null;
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(token => token.ValueKind != JsonValueKind.String))
            return "tokens must be an array of texts.";
        if (value.GetArrayLength() == 0)
            return "The sequence is empty: tokens has no element.";
        example = new DatasetExample { Tokens = [.. value.EnumerateArray().Select(token => token.GetString() ?? "")], Label = label };
        return null;
    }

    private static string? Frames(JsonElement value, string label, out DatasetExample? example)
    {
        example = null;
        if (value.ValueKind != JsonValueKind.Array)
            return "frames must be an array of arrays of numbers.";
        if (value.GetArrayLength() == 0)
            return "The sequence is empty: frames has no element.";
        var frames = new float[value.GetArrayLength()][];
        var step = 0;
        foreach (var frame in value.EnumerateArray())
        {
            if (frame.ValueKind != JsonValueKind.Array || frame.GetArrayLength() == 0)
                return $"Frame {step} must be an array of at least one number.";
            if (step > 0 && frame.GetArrayLength() != frames[0].Length)
                return $"Frame {step} has {frame.GetArrayLength()} numbers, frame 0 has {frames[0].Length}; all frames must have the same size.";
            if (Numbers(frame) is not { } numbers)
                return $"Frame {step} holds something that is not a finite number.";
            frames[step++] = numbers;
        }
        example = new DatasetExample { Frames = frames, Label = label };
        return null;
    }

    private static float[]? Numbers(JsonElement frame)
    {
        var numbers = new float[frame.GetArrayLength()];
        var index = 0;
        foreach (var number in frame.EnumerateArray())
        {
            if (number.ValueKind != JsonValueKind.Number || !number.TryGetSingle(out var value) || !float.IsFinite(value))
                return null;
            numbers[index++] = value;
        }
        return numbers;
    }
}
