namespace RnnService.Storage.Examples;

/// <summary>One row: exactly one of text, tokens, frames and features goes in; at most one of label, labels and target is to come out.</summary>
internal sealed record DatasetExample
{
    /// <summary>The text as given: to classify, to translate or to continue. Of a plain text file a line with its line end.</summary>
    public string? Text { get; init; }

    /// <summary>At least one token.</summary>
    public IReadOnlyList<string>? Tokens { get; init; }

    /// <summary>At least one frame, each of the dataset's feature size; all numbers finite.</summary>
    public float[][]? Frames { get; init; }

    /// <summary>A vector of the dataset's feature size; all numbers finite.</summary>
    public float[]? Features { get; init; }

    /// <summary>Names of the features where the file has a header; the same list for all rows.</summary>
    public IReadOnlyList<string>? FeatureNames { get; init; }

    /// <summary>The class of the whole input.</summary>
    public string? Label { get; init; }

    /// <summary>The class of each step, as many as there are tokens or frames.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>The text to emit: a translation or a caption.</summary>
    public string? Target { get; init; }

    /// <summary>Which of the inputs is set.</summary>
    public InputKind Kind => Text is not null ? InputKind.Text : Tokens is not null ? InputKind.Tokens : Frames is not null ? InputKind.Frames : InputKind.Vector;

    /// <summary>Steps of the input: words separated by white space, tokens or frames; 1 for a vector.</summary>
    public int Steps => Tokens?.Count ?? Frames?.Length ?? (Text is null ? 1 : Words(Text));

    /// <summary>Words of the target; 0 without one.</summary>
    public int TargetSteps => Words(Target);

    private static int Words(ReadOnlySpan<char> text)
    {
        var (words, inside) = (0, false);
        foreach (var character in text)
        {
            var isText = !char.IsWhiteSpace(character);
            words += isText && !inside ? 1 : 0;
            inside = isText;
        }
        return words;
    }
}
