namespace Rnn.Kernels;

/// <summary>
/// The packed layout both operands of a product are read from: a matrix of <c>depth</c> rows is cut into panels of
/// <c>width</c> neighbouring columns, and each panel stores its <c>depth × width</c> values contiguously, row by row.
/// The last panel is filled up with zeros.
/// </summary>
internal static class Panels
{
    /// <summary>Columns of a panel of the right operand (two AVX-512 vectors).</summary>
    public const int Width = 32;

    /// <summary>Columns of a panel of a transposed left operand (the rows of one register tile).</summary>
    public const int TileRows = 8;

    /// <summary>Floats that a packed matrix of this shape occupies.</summary>
    public static int Length(int depth, int columns, int width) => checked(((columns + width - 1) / width) * width * depth);

    /// <summary>Packs a row-major matrix <c>[depth, columns]</c> whose rows are <paramref name="stride"/> floats apart.</summary>
    public static void Pack(ReadOnlySpan<float> source, int depth, int columns, int stride, int width, Span<float> panels)
    {
        for (int first = 0; first < columns; first += width)
        {
            int valid = Math.Min(width, columns - first);
            Span<float> panel = panels.Slice(first * depth, depth * width);
            for (int k = 0; k < depth; k++)
            {
                Span<float> target = panel.Slice(k * width, width);
                source.Slice((k * stride) + first, valid).CopyTo(target);
                target[valid..].Clear();
            }
        }
    }

    /// <summary>Packs the transpose of a row-major matrix <c>[columns, depth]</c>: a weight in PyTorch's [out, in] order.</summary>
    public static void PackTransposed(ReadOnlySpan<float> source, int depth, int columns, int width, Span<float> panels)
    {
        for (int first = 0; first < columns; first += width)
        {
            int valid = Math.Min(width, columns - first);
            Span<float> panel = panels.Slice(first * depth, depth * width);
            if (valid < width) panel.Clear();
            for (int j = 0; j < valid; j++)
            {
                ReadOnlySpan<float> row = source.Slice((first + j) * depth, depth);
                for (int k = 0; k < row.Length; k++) panel[(k * width) + j] = row[k];
            }
        }
    }
}
