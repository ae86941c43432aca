using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

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
    public const int TileRows = 12;

    private const int RowsAtATime = 16;

    /// <summary>Floats that a packed matrix of this shape occupies.</summary>
    public static int Length(int depth, int columns, int width) => checked(((columns + width - 1) / width) * width * depth);

    /// <summary>Packs a row-major matrix <c>[depth, columns]</c> whose rows are <paramref name="stride"/> floats apart; the width is a multiple of 4.</summary>
    public static void Pack(ReadOnlySpan<float> source, int depth, int columns, int stride, int width, Span<float> panels)
    {
        // A few rows at a time: their pages and lines are still known when the next panel asks for its part.
        for (int k = 0; k < depth; k += RowsAtATime)
        {
            int rows = Math.Min(RowsAtATime, depth - k);
            for (int first = 0; first < columns; first += width)
            {
                int valid = Math.Min(width, columns - first);
                Span<float> panel = panels.Slice((first * depth) + (k * width), rows * width);
                ReadOnlySpan<float> from = source.Slice((k * stride) + first, ((rows - 1) * stride) + valid);
                if (valid == width)
                {
                    CopyColumns(from, rows, stride, width, panel);
                    continue;
                }

                for (int i = 0; i < rows; i++)
                {
                    Span<float> target = panel.Slice(i * width, width);
                    from.Slice(i * stride, valid).CopyTo(target);
                    target[valid..].Clear();
                }
            }
        }
    }

    /// <summary>
    /// Packs the transpose of a row-major matrix <c>[columns, depth]</c> whose rows are <paramref name="stride"/> floats apart: a weight in PyTorch's [out, in] order,
    /// or a left operand, whose tile then reads its rows side by side.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackTransposed(ReadOnlySpan<float> source, int depth, int columns, int stride, int width, Span<float> panels)
    {
        ref float from = ref MemoryMarshal.GetReference(source[..(((columns - 1) * stride) + depth)]);
        ref float to = ref MemoryMarshal.GetReference(panels[..Length(depth, columns, width)]);
        if (columns % width != 0) panels.Slice(columns / width * width * depth, width * depth).Clear();
        for (int column = 0; column < columns; column += 4)
        {
            ref float block = ref Unsafe.Add(ref to, ((nint)(column / width) * width * depth) + (column % width));
            int valid = Math.Min(4, columns - column);
            int k = 0;
            for (; valid == 4 && k + 4 <= depth; k += 4) Transpose(ref Unsafe.Add(ref from, ((nint)column * stride) + k), stride, ref Unsafe.Add(ref block, (nint)k * width), width);
            for (; k < depth; k++)
                for (int i = 0; i < valid; i++) Unsafe.Add(ref block, ((nint)k * width) + i) = Unsafe.Add(ref from, ((nint)(column + i) * stride) + k);
        }
    }

    /// <summary>Four by four, from rows <paramref name="stride"/> apart to rows <paramref name="toStride"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref float from, nint stride, ref float to, nint toStride)
    {
        Vector128<float> a = Vector128.LoadUnsafe(ref from), b = Vector128.LoadUnsafe(ref from, (nuint)stride);
        Vector128<float> c = Vector128.LoadUnsafe(ref from, (nuint)(2 * stride)), d = Vector128.LoadUnsafe(ref from, (nuint)(3 * stride));
        // Pairs of rows interleaved, then pairs of pairs.
        Vector128<double> ab = InterleaveLow(a, b).AsDouble(), cd = InterleaveLow(c, d).AsDouble();
        InterleaveLow(ab, cd).AsSingle().StoreUnsafe(ref to);
        InterleaveHigh(ab, cd).AsSingle().StoreUnsafe(ref to, (nuint)toStride);
        ab = InterleaveHigh(a, b).AsDouble();
        cd = InterleaveHigh(c, d).AsDouble();
        InterleaveLow(ab, cd).AsSingle().StoreUnsafe(ref to, (nuint)(2 * toStride));
        InterleaveHigh(ab, cd).AsSingle().StoreUnsafe(ref to, (nuint)(3 * toStride));
    }

    private static Vector128<float> InterleaveLow(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b) : Vector128.Create(a[0], b[0], a[1], b[1]);

    private static Vector128<float> InterleaveHigh(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b) : Vector128.Create(a[2], b[2], a[3], b[3]);

    private static Vector128<double> InterleaveLow(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b) : Vector128.Create(a[0], b[0]);

    private static Vector128<double> InterleaveHigh(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b) : Vector128.Create(a[1], b[1]);

    /// <summary>Many short rows: a call to copy each would cost more than the copying.</summary>
    private static void CopyColumns(ReadOnlySpan<float> source, int depth, int stride, int width, Span<float> panel)
    {
        ref float from = ref MemoryMarshal.GetReference(source);
        ref float to = ref MemoryMarshal.GetReference(panel);
        if (width == Width && Vector512.IsHardwareAccelerated)
        {
            for (int k = 0; k < depth; k++, from = ref Unsafe.Add(ref from, stride), to = ref Unsafe.Add(ref to, Width))
            {
                Vector512.LoadUnsafe(ref from).StoreUnsafe(ref to);
                Vector512.LoadUnsafe(ref from, (nuint)Vector512<float>.Count).StoreUnsafe(ref to, (nuint)Vector512<float>.Count);
            }

            return;
        }

        for (int k = 0; k < depth; k++)
        {
            nuint row = (nuint)k * (nuint)stride;
            nuint target = (nuint)k * (nuint)width;
            nuint j = 0;
            for (; j + (nuint)Vector256<float>.Count <= (nuint)width; j += (nuint)Vector256<float>.Count)
                Vector256.LoadUnsafe(ref from, row + j).StoreUnsafe(ref to, target + j);
            if (j < (nuint)width) Vector128.LoadUnsafe(ref from, row + j).StoreUnsafe(ref to, target + j);
        }
    }
}
