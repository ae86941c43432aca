namespace Rnn.Cells;

/// <summary>What the steps of a scan read: vectors, or ids whose vectors are already multiplied by the input weights.</summary>
internal readonly ref struct CellInput
{
    /// <summary>Vectors <c>[tokens, I]</c>.</summary>
    public CellInput(ReadOnlySpan<float> x) => X = x;

    /// <summary>Ids <c>[tokens, width]</c> into a table <c>[vocabulary, G·H]</c> of embedding times input weights, without the bias; a negative id stands for nothing.</summary>
    public CellInput(ReadOnlySpan<int> ids, int width, ReadOnlySpan<float> table)
    {
        Ids = ids;
        Width = width;
        Table = table;
    }

    public ReadOnlySpan<float> X { get; }

    public ReadOnlySpan<int> Ids { get; }

    public int Width { get; }

    public ReadOnlySpan<float> Table { get; }
}
