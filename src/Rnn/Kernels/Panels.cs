using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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

    /// <summary>Packs a row-major matrix <c>[depth, columns]</c> whose rows are <paramref name="stride"/> floats apart; the width is a multiple of 8.</summary>
    public static void Pack(ReadOnlySpan<float> source, int depth, int columns, int stride, int width, Span<float> panels)
    {
        for (int first = 0; first < columns; first += width)
        {
            int valid = Math.Min(width, columns - first);
            Span<float> panel = panels.Slice(first * depth, depth * width);
            if (valid == width)
            {
                CopyColumns(source.Slice(first, ((depth - 1) * stride) + width), depth, stride, width, panel);
                continue;
            }

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

    /// <summary>Many short rows: a call to copy each would cost more than the copying.</summary>
    private static void CopyColumns(ReadOnlySpan<float> source, int depth, int stride, int width, Span<float> panel)
    {
        ref float from = ref MemoryMarshal.GetReference(source);
        ref float to = ref MemoryMarshal.GetReference(panel);
        for (int k = 0; k < depth; k++)
        {
            nuint row = (nuint)k * (nuint)stride;
            nuint target = (nuint)k * (nuint)width;
            for (nuint j = 0; j < (nuint)width; j += (nuint)Vector256<float>.Count)
                Vector256.LoadUnsafe(ref from, row + j).StoreUnsafe(ref to, target + j);
        }
    }
}
