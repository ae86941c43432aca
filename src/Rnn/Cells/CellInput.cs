namespace Rnn.Cells;

/// <summary>What the steps of a scan read: vectors, or ids whose vectors are already multiplied by the input weights.</summary>
internal readonly ref struct CellInput
{
    /// <summary>Vectors <c>[tokens, I]</c>.</summary>
    public CellInput(ReadOnlySpan<float> x) => X = x;

    /// <summary>Ids <c>[tokens, width]</c> of an embedding that is folded into the input product.</summary>
    public CellInput(ReadOnlySpan<int> ids, int width, FoldedEmbedding embedding)
    {
        Ids = ids;
        Width = width;
        Embedding = embedding;
    }

    public ReadOnlySpan<float> X { get; }

    public ReadOnlySpan<int> Ids { get; }

    public int Width { get; }

    public FoldedEmbedding? Embedding { get; }
}
