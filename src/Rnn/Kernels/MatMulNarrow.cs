using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>
/// The few columns that a vocabulary of 65 leaves over after whole panels, or a head of two labels has: a tile of <see cref="MatMulTiles"/> would multiply a vector of them.
/// Here a vector is of rows, which lie side by side in packed tiles. Sums run as they do there.
/// </summary>
internal static class MatMulNarrow
{
    private const int FewColumns = 4;
    private const int Lane = 4;

    /// <summary>Whether so many columns of a panel are few enough.</summary>
    public static bool Fits(int columns) => columns <= FewColumns;

    /// <summary><c>C = A·B + addend</c> with all rows of A and the first <paramref name="columns"/> of a panel.</summary>
    [SkipLocalsInit]
    public static void Run(ReadOnlySpan<float> a, LeftTiles tiles, int depth, ref float panel, int columns, Span<float> c, int cStride, ReadOnlySpan<float> addend, int addendStride)
    {
        Span<float> sums = stackalloc float[2 * LeftTiles.Tallest];
        for (int row = 0, rows; row < tiles.Rows; row += rows)
        {
            int height = tiles.HeightAt(row);
            // Two tiles at once, twice the same where there is no other, hide the latency of a multiply-add.
            bool isPair = row + height < tiles.Rows && tiles.HeightAt(row + height) == height;
            rows = Math.Min(isPair ? 2 * height : height, tiles.Rows - row);
            ref float tile = ref Unsafe.Add(ref MemoryMarshal.GetReference(a), (nint)row * depth);
            ref float other = ref Unsafe.Add(ref tile, isPair ? (nint)height * depth : 0);
            for (int column = 0; column < columns; column++)
            {
                ref float b = ref Unsafe.Add(ref panel, column);
                switch (height / Lane)
                {
                    case 1: Sum<One>(ref tile, ref other, ref b, depth, ref sums[0]); break;
                    case 2: Sum<Two>(ref tile, ref other, ref b, depth, ref sums[0]); break;
                    default: Sum<Three>(ref tile, ref other, ref b, depth, ref sums[0]); break;
                }

                for (int i = 0; i < rows; i++) c[((row + i) * cStride) + column] = sums[i] + addend[((row + i) * addendStride) + column];
            }
        }
    }

    /// <summary>One column of two tiles, so many times four rows each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum<TQuads>(ref float a, ref float other, ref float b, int depth, ref float sums)
        where TQuads : struct, ICount
    {
        Vector128<float> c0 = Vector128<float>.Zero, c1 = c0, c2 = c0, d0 = c0, d1 = c0, d2 = c0;
        for (nint k = depth; k != 0; k--)
        {
            Vector128<float> bk = Lanes128.Create(b);
            c0 = Lanes128.MultiplyAdd(bk, Lanes128.Load(ref a, 0), c0);
            d0 = Lanes128.MultiplyAdd(bk, Lanes128.Load(ref other, 0), d0);
            if (TQuads.Value > 1) c1 = Lanes128.MultiplyAdd(bk, Lanes128.Load(ref a, Lane), c1);
            if (TQuads.Value > 1) d1 = Lanes128.MultiplyAdd(bk, Lanes128.Load(ref other, Lane), d1);
            if (TQuads.Value > 2) c2 = Lanes128.MultiplyAdd(bk, Lanes128.Load(ref a, 2 * Lane), c2);
            if (TQuads.Value > 2) d2 = Lanes128.MultiplyAdd(bk, Lanes128.Load(ref other, 2 * Lane), d2);
            b = ref Unsafe.Add(ref b, Panels.Width);
            a = ref Unsafe.Add(ref a, TQuads.Value * Lane);
            other = ref Unsafe.Add(ref other, TQuads.Value * Lane);
        }

        ref float second = ref Unsafe.Add(ref sums, TQuads.Value * Lane);
        Lanes128.Store(c0, ref sums, 0);
        Lanes128.Store(d0, ref second, 0);
        if (TQuads.Value > 1) Lanes128.Store(c1, ref sums, Lane);
        if (TQuads.Value > 1) Lanes128.Store(d1, ref second, Lane);
        if (TQuads.Value > 2) Lanes128.Store(c2, ref sums, 2 * Lane);
        if (TQuads.Value > 2) Lanes128.Store(d2, ref second, 2 * Lane);
    }
}
