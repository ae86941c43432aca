using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Rnn.Kernels;

/// <summary>
/// The packed layout of the right operand of a product, and of the left one where it is packed: a matrix of <c>depth</c> rows is cut into panels of
/// <c>width</c> neighbouring columns, and each panel stores its <c>depth × width</c> values contiguously, row by row.
/// The last panel is filled up with zeros.
/// </summary>
internal static class Panels
{
    /// <summary>Columns of a panel of the right operand (two AVX-512 vectors).</summary>
    public const int Width = 32;

    private const int RowsAtATime = 16;

    /// <summary>Floats that a packed matrix of this shape occupies.</summary>
    public static int Length(int depth, int columns, int width) => checked(((columns + width - 1) / width) * width * depth);

    /// <summary>Packs a row-major matrix <c>[depth, columns]</c> whose rows are <paramref name="stride"/> floats apart; the width is a multiple of 4.</summary>
    public static void Pack(ReadOnlySpan<float> source, int depth, int columns, int stride, int width, Span<float> panels)
    {
        if (depth == 0 || columns == 0) return;
        ref float from = ref MemoryMarshal.GetReference(source[..(((depth - 1) * stride) + columns)]);
        ref float to = ref MemoryMarshal.GetReference(panels[..Length(depth, columns, width)]);
        // A few rows at a time: their pages and lines are still known when the next panel asks for its part.
        for (int k = 0; k < depth; k += RowsAtATime)
        {
            int rows = Math.Min(RowsAtATime, depth - k);
            for (int first = 0; first < columns; first += width)
            {
                ref float block = ref Unsafe.Add(ref from, ((nint)k * stride) + first);
                ref float panel = ref Unsafe.Add(ref to, ((nint)first * depth) + (k * width));
                if (columns - first >= width) CopyRows(ref block, rows, stride, width, ref panel);
                else CopyShortRows(ref block, rows, stride, columns - first, width, ref panel);
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
        for (int column = 0, taken; column < columns; column += taken)
        {
            ref float rows = ref Unsafe.Add(ref from, (nint)column * stride);
            ref float block = ref Unsafe.Add(ref to, ((nint)(column / width) * width * depth) + (column % width));
            int valid = Math.Min(columns - column, width - (column % width));
            int quads = Math.Min(4, valid / 4);
            bool isWide = Avx512F.IsSupported && (quads == 4 || (quads >= 2 && quads * 4 == width));
            taken = isWide ? quads * 4 : 4;
            int done = !isWide ? 0 : quads switch
            {
                4 => TransposeQuads(ref rows, stride, 4, depth, ref block, width),
                3 => TransposeQuads(ref rows, stride, 3, depth, ref block, width),
                _ => TransposeQuads(ref rows, stride, 2, depth, ref block, width),
            };
            for (int i = 0; i < Math.Min(taken, valid); i += 4)
                Transpose(ref Unsafe.Add(ref rows, ((nint)i * stride) + done), stride, Math.Min(4, valid - i), depth - done, ref Unsafe.Add(ref block, ((nint)done * width) + i), width);
        }
    }

    /// <summary>Up to four rows, <paramref name="stride"/> apart and <paramref name="depth"/> long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref float from, nint stride, int count, int depth, ref float to, nint toStride)
    {
        int k = 0;
        for (; count == 4 && k + 4 <= depth; k += 4) Transpose(ref Unsafe.Add(ref from, k), stride, ref Unsafe.Add(ref to, k * toStride), toStride);
        for (; k < depth; k++)
            for (int i = 0; i < count; i++) Unsafe.Add(ref to, (k * toStride) + i) = Unsafe.Add(ref from, (i * stride) + k);
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

    /// <summary>
    /// Two to four times four rows, each four in a quarter of a vector: says how many columns are done. A row is written with all sixteen values of its vector; what they are too many
    /// the next row covers, so the last rows are left to narrow vectors.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int TransposeQuads(ref float from, nint stride, [ConstantExpected] int quads, int depth, ref float to, nint toStride)
    {
        int k = 0;
        for (; k + 4 < depth; k += 4, from = ref Unsafe.Add(ref from, 4), to = ref Unsafe.Add(ref to, 4 * toStride))
        {
            Vector512<float> a = Quarters(ref from, 4 * stride, quads), b = Quarters(ref Unsafe.Add(ref from, stride), 4 * stride, quads);
            Vector512<float> c = Quarters(ref Unsafe.Add(ref from, 2 * stride), 4 * stride, quads), d = Quarters(ref Unsafe.Add(ref from, 3 * stride), 4 * stride, quads);
            Vector512<double> ab = Avx512F.UnpackLow(a, b).AsDouble(), cd = Avx512F.UnpackLow(c, d).AsDouble();
            Avx512F.UnpackLow(ab, cd).AsSingle().StoreUnsafe(ref to);
            Avx512F.UnpackHigh(ab, cd).AsSingle().StoreUnsafe(ref to, (nuint)toStride);
            ab = Avx512F.UnpackHigh(a, b).AsDouble();
            cd = Avx512F.UnpackHigh(c, d).AsDouble();
            Avx512F.UnpackLow(ab, cd).AsSingle().StoreUnsafe(ref to, (nuint)(2 * toStride));
            Avx512F.UnpackHigh(ab, cd).AsSingle().StoreUnsafe(ref to, (nuint)(3 * toStride));
        }

        return k;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Quarters(ref float from, nint stride, [ConstantExpected] int quads)
    {
        Vector512<float> all = Avx512F.InsertVector128(Vector128.LoadUnsafe(ref from).ToVector256Unsafe().ToVector512Unsafe(), Vector128.LoadUnsafe(ref from, (nuint)stride), 1);
        if (quads > 2) all = Avx512F.InsertVector128(all, Vector128.LoadUnsafe(ref from, (nuint)(2 * stride)), 2);
        return quads > 3 ? Avx512F.InsertVector128(all, Vector128.LoadUnsafe(ref from, (nuint)(3 * stride)), 3) : all;
    }

    private static Vector128<float> InterleaveLow(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b) : Vector128.Create(a[0], b[0], a[1], b[1]);

    private static Vector128<float> InterleaveHigh(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b) : Vector128.Create(a[2], b[2], a[3], b[3]);

    private static Vector128<double> InterleaveLow(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b) : Vector128.Create(a[0], b[0]);

    private static Vector128<double> InterleaveHigh(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b) : Vector128.Create(a[1], b[1]);

    /// <summary>Many rows of few values: a call to copy each would cost more than the copying.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRows(ref float from, int rows, nint stride, nint width, ref float to)
    {
        if (width == Width && Vector512.IsHardwareAccelerated)
        {
            for (int k = 0; k < rows; k++, from = ref Unsafe.Add(ref from, stride), to = ref Unsafe.Add(ref to, Width))
            {
                Vector512.LoadUnsafe(ref from).StoreUnsafe(ref to);
                Vector512.LoadUnsafe(ref from, (nuint)Vector512<float>.Count).StoreUnsafe(ref to, (nuint)Vector512<float>.Count);
            }

            return;
        }

        // Narrow vectors, of which none straddles two cache lines.
        for (int k = 0; k < rows; k++, from = ref Unsafe.Add(ref from, stride), to = ref Unsafe.Add(ref to, width))
            for (nint j = 0; j < width; j += Vector128<float>.Count) Vector128.LoadUnsafe(ref from, (nuint)j).StoreUnsafe(ref to, (nuint)j);
    }

    private static void CopyShortRows(ref float from, int rows, nint stride, int valid, nint width, ref float to)
    {
        for (int k = 0; k < rows; k++, from = ref Unsafe.Add(ref from, stride), to = ref Unsafe.Add(ref to, width))
            for (nint j = 0; j < width; j++) Unsafe.Add(ref to, j) = j < valid ? Unsafe.Add(ref from, j) : 0;
    }
}
