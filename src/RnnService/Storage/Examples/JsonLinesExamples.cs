using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace RnnService.Storage.Examples;

/// <summary>Reads JSON Lines: an object a line with the properties the task's <see cref="RowShape"/> names.</summary>
internal static class JsonLinesExamples
{
    private const int BufferBytes = 1 << 16;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The rows of a file, good and bad; blank lines are skipped.</summary>
    public static async IAsyncEnumerable<ExampleRow> ReadAsync(Stream utf8, RowShape shape, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(utf8, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, BufferBytes, leaveOpen: true);
        for (var line = 1L; await reader.ReadLineAsync(cancellationToken) is { } json; line++)
        {
            if (!string.IsNullOrWhiteSpace(json))
                yield return Row(line, json, shape);
        }
    }

    private static ExampleRow Row(long line, string json, RowShape shape)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return Parse(document.RootElement, shape, out var example) is { } error ? ExampleRow.Bad(line, error) : ExampleRow.Of(line, example);
        }
        catch (JsonException broken)
        {
            return ExampleRow.Bad(line, broken.Message.Contains("Duplicate", StringComparison.Ordinal)
                ? "A property is given twice."
                : $"The line is not JSON at byte {(broken.BytePositionInLine ?? 0) + 1}: {broken.Message.Split(" LineNumber:")[0]}");
        }
        catch (InvalidOperationException)
        {
            // What reading a string answers to \ud83d without the \ude00 that completes it.
            return ExampleRow.Bad(line, "A text holds half a surrogate pair; write the character itself, or both halves as \\uXXXX\\uXXXX.");
        }
    }

    private static string? Parse(JsonElement row, RowShape shape, out DatasetExample example)
    {
        example = new DatasetExample();
        if (row.ValueKind != JsonValueKind.Object)
            return $"The line is not an object in braces, such as {shape.Sample}.";
        string? input = null;
        var hasOutput = shape.Output is null;
        foreach (var property in row.EnumerateObject())
        {
            if (property.Name == shape.Output)
                hasOutput = true;
            else if (!shape.Inputs.Contains(property.Name))
                return $"'{ClientText.Shorten(property.Name)}' is not a known property; the nearest is '{NearestName.Of(property.Name, shape.Properties)}'.";
            else if (input is not null)
                return $"The line has both {input} and {property.Name}; give one of {Listed(shape.Inputs)}.";
            else
                input = property.Name;
        }
        if (input is null)
            return shape.Inputs.Count == 1 ? $"The {shape.Inputs[0]} {(shape.HasFeatureColumns ? "are" : "is")} missing; send {shape.Sample}." : $"The line has none of {Listed(shape.Inputs)}.";
        if (!hasOutput)
            return $"The {shape.Output} {(shape.Output == "labels" ? "are" : "is")} missing; send {shape.Sample}.";
        return ParseInput(row.GetProperty(input), input, ref example)
            ?? (shape.Output is null ? null : ParseOutput(row.GetProperty(shape.Output), shape.Output, ref example));
    }

    private static string? ParseInput(JsonElement value, string name, ref DatasetExample example)
    {
        string? error;
        switch (name)
        {
            case "tokens":
                error = JsonValues.Tokens(value, out var tokens);
                example = example with { Tokens = tokens };
                return error;
            case "frames":
                error = JsonValues.Frames(value, out var frames);
                example = example with { Frames = frames };
                return error;
            case "features":
                error = JsonValues.Features(value, out var features);
                example = example with { Features = features };
                return error;
            default:
                error = JsonValues.Text(value, name, out var text);
                example = example with { Text = text };
                return error;
        }
    }

    private static string? ParseOutput(JsonElement value, string name, ref DatasetExample example)
    {
        string? error;
        switch (name)
        {
            case "label":
                example = example with { Label = JsonValues.Label(value) };
                return example.Label is null ? "The label must be text that is not empty, or a whole number." : null;
            case "labels":
                error = JsonValues.Labels(value, out var labels);
                example = example with { Labels = labels };
                return error ?? (labels!.Count == example.Steps
                    ? null
                    : $"labels has {labels.Count:N0} and {(example.Tokens is null ? "frames" : "tokens")} {example.Steps:N0} elements; every step needs one label.");
            default:
                error = JsonValues.Text(value, name, out var text);
                example = example with { Target = text };
                return error;
        }
    }

    private static string Listed(IReadOnlyList<string> names) => $"{string.Join(", ", names.SkipLast(1))} and {names[^1]}";
}
