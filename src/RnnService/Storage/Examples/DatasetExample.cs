namespace RnnService.Storage.Examples;

/// <summary>One labelled sequence; exactly one of text, tokens and frames is set.</summary>
internal sealed record DatasetExample
{
    /// <summary>The text as given.</summary>
    public string? Text { get; init; }

    /// <summary>At least one token.</summary>
    public IReadOnlyList<string>? Tokens { get; init; }

    /// <summary>At least one frame, each of the dataset's feature size; all numbers finite.</summary>
    public float[][]? Frames { get; init; }

    /// <summary>Its class.</summary>
    public required string Label { get; init; }

    /// <summary>Which of the three is set.</summary>
    public InputKind Kind => Text is not null ? InputKind.Text : Tokens is not null ? InputKind.Tokens : InputKind.Frames;
}
