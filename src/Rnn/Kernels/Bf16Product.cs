using System.Runtime.CompilerServices;

namespace Rnn.Kernels;

/// <summary>
/// Products with a matrix of bfloat16 weights. Whatever the number of rows, every element has the bits of the same chain of multiply-adds over ascending k as in fp32
/// with the weights rounded before: a row's result does not depend on how many rows stand beside it.
/// </summary>
internal static class Bf16Product
{
    /// <summary>Columns that are widened at a time: the result stays in the second-level cache until all rows have used it.</summary>
    private const int ColumnsAtATime = 8 * Panels.Width;

    /// <summary>Up to so many rows, each on its own costs less than widening the matrix for all.</summary>
    private const int FewRows = 3;

    // Grows to the deepest matrix a thread has met.
    [ThreadStatic]
    private static Memory<float> s_wide;

    /// <summary><c>C = A·B + bias</c>, shapes as in <see cref="MatMul.Multiply"/>.</summary>
    public static void Multiply(ReadOnlySpan<float> a, int rows, PackedMatrix b, ReadOnlySpan<float> bias, Span<float> c, int cStride)
    {
        if (rows <= FewRows)
        {
            for (int row = 0; row < rows; row++) RowProduct.Multiply(a.Slice(row * b.Depth, b.Depth), b, bias, c.Slice(row * cStride, b.Columns));
            return;
        }

        int length = Panels.Length(b.Depth, ColumnsAtATime, Panels.Width);
        if (s_wide.Length < length) s_wide = AlignedMemory.Allocate(length);
        for (int first = 0; first < b.Columns; first += ColumnsAtATime)
        {
            int columns = Math.Min(ColumnsAtATime, b.Columns - first);
            Span<float> wide = s_wide.Span[..Panels.Length(b.Depth, columns, Panels.Width)];
            Bf16Panels.Widen(b.Pairs.Slice(first / 2 * b.Depth, wide.Length / 2), wide);
            MatMul.MultiplyPanels(a, rows, wide, b.Depth, columns, bias.IsEmpty ? bias : bias.Slice(first, columns), c[first..], cStride);
        }
    }

    /// <summary>The sums of a row with neighbouring vectors of pairs, in panels <paramref name="panel"/> floats apart, and of an addend: both laid out as columns are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sum<TLanes, TVector, TVectors>(ref float x, int depth, ref float weights, nint panel, ref float addend, ref float y)
        where TLanes : ILanes<TVector>
        where TVector : struct
        where TVectors : struct, ICount
    {
        ref float b0 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(0, panel));
        ref float b1 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(1, panel));
        ref float b2 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(2, panel));
        ref float b3 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(3, panel));
        TVector c0 = TLanes.Create(0f), c1 = c0, c2 = c0, c3 = c0, d0 = c0, d1 = c0, d2 = c0, d3 = c0;
        nint at = 0;
        for (nint k = 0; k < depth; k++, at += Bf16Panels.Pairs)
        {
            TVector xk = TLanes.Create(Unsafe.Add(ref x, k));
            TVector v0 = TLanes.Load(ref b0, at);
            c0 = TLanes.MultiplyAdd(xk, TLanes.LowerBf16(v0), c0);
            d0 = TLanes.MultiplyAdd(xk, TLanes.UpperBf16(v0), d0);
            if (TVectors.Value > 1)
            {
                TVector v1 = TLanes.Load(ref b1, at);
                c1 = TLanes.MultiplyAdd(xk, TLanes.LowerBf16(v1), c1);
                d1 = TLanes.MultiplyAdd(xk, TLanes.UpperBf16(v1), d1);
            }

            if (TVectors.Value > 2)
            {
                TVector v2 = TLanes.Load(ref b2, at);
                c2 = TLanes.MultiplyAdd(xk, TLanes.LowerBf16(v2), c2);
                d2 = TLanes.MultiplyAdd(xk, TLanes.UpperBf16(v2), d2);
            }

            if (TVectors.Value > 3)
            {
                TVector v3 = TLanes.Load(ref b3, at);
                c3 = TLanes.MultiplyAdd(xk, TLanes.LowerBf16(v3), c3);
                d3 = TLanes.MultiplyAdd(xk, TLanes.UpperBf16(v3), d3);
            }
        }

        Put<TLanes, TVector>(c0, d0, ref addend, ref y, At<TLanes, TVector>(0, Panels.Width));
        if (TVectors.Value > 1) Put<TLanes, TVector>(c1, d1, ref addend, ref y, At<TLanes, TVector>(1, Panels.Width));
        if (TVectors.Value > 2) Put<TLanes, TVector>(c2, d2, ref addend, ref y, At<TLanes, TVector>(2, Panels.Width));
        if (TVectors.Value > 3) Put<TLanes, TVector>(c3, d3, ref addend, ref y, At<TLanes, TVector>(3, Panels.Width));
    }

    /// <summary>Where a vector of pairs begins, and in sums its lower columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint At<TLanes, TVector>(int vector, nint nextPanel)
        where TLanes : ILanes<TVector>
        where TVector : struct => (vector * TLanes.Count / Bf16Panels.Pairs * nextPanel) + (vector * TLanes.Count % Bf16Panels.Pairs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TLanes, TVector>(TVector lower, TVector upper, ref float addend, ref float y, nint at)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TLanes.Store(TLanes.Add(lower, TLanes.Load(ref addend, at)), ref y, at);
        TLanes.Store(TLanes.Add(upper, TLanes.Load(ref addend, at + Bf16Panels.Pairs)), ref y, at + Bf16Panels.Pairs);
    }
}
