namespace Rnn.Kernels;

/// <summary>
/// How the rows of a left operand are shared out to register tiles and packed for them: 12 rows to a tile, what remains in lower ones.
/// A tile stores its values k by k, filled up with zeros; that of row r begins at <c>r · depth</c>.
/// </summary>
/// <param name="Rows">All rows.</param>
internal readonly record struct LeftTiles(int Rows)
{
    /// <summary>Rows of the tallest tile.</summary>
    public const int Tallest = 12;

    /// <summary>Floats of all tiles.</summary>
    public int Length(int depth) => checked((Tall + Panels.Length(1, Rest, RestHeight)) * depth);

    /// <summary>Rows of the tile that begins at <paramref name="row"/>.</summary>
    public int HeightAt(int row) => row < Tall ? Tallest : RestHeight;

    /// <summary>Packs a row-major matrix <c>[Rows, depth]</c> whose rows are <paramref name="stride"/> floats apart.</summary>
    public void PackRows(ReadOnlySpan<float> source, int depth, int stride, Span<float> tiles)
    {
        if (Tall > 0) Panels.PackTransposed(source, depth, Tall, stride, Tallest, tiles);
        if (Rest > 0) Panels.PackTransposed(source[(Tall * stride)..], depth, Rest, stride, RestHeight, tiles[(Tall * depth)..]);
    }

    /// <summary>Packs the transpose of a row-major matrix <c>[depth, Rows]</c> whose rows are <paramref name="stride"/> floats apart.</summary>
    public void PackColumns(ReadOnlySpan<float> source, int depth, int stride, Span<float> tiles)
    {
        Panels.Pack(source, depth, Tall, stride, Tallest, tiles);
        Panels.Pack(source[Tall..], depth, Rest, stride, RestHeight, tiles[(Tall * depth)..]);
    }

    // With 1 to 4 rows over, the last 12 and they are two tiles of 8: one of 4 has too few sums under way to hide the latency of a multiply-add.
    private int Tall => (Rows / Tallest * Tallest) - (Rows > Tallest && Rows % Tallest is >= 1 and <= 4 ? Tallest : 0);

    private int Rest => Rows - Tall;

    private int RestHeight => Rest <= 4 ? 4 : Rest is > 8 and < Tallest ? Tallest : 8;
}
