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

    /// <summary>The sums of a row with the columns of up to four neighbouring vectors of pairs, and of an addend, to where those columns lie in <paramref name="y"/>; those beyond the last valid one repeat it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sum<TLanes, TVector>(ref float x, ref float panel, int depth, int valid, ref float addend, ref float y)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        ref float b0 = ref At<TLanes, TVector>(ref panel, 0, valid, depth);
        ref float b1 = ref At<TLanes, TVector>(ref panel, 1, valid, depth);
        ref float b2 = ref At<TLanes, TVector>(ref panel, 2, valid, depth);
        ref float b3 = ref At<TLanes, TVector>(ref panel, 3, valid, depth);
        TVector c0 = TLanes.Create(0f), c1 = c0, c2 = c0, c3 = c0, d0 = c0, d1 = c0, d2 = c0, d3 = c0;
        nint at = 0;
        for (nint k = 0; k < depth; k++, at += Bf16Panels.Pairs)
        {
            TVector xk = TLanes.Create(Unsafe.Add(ref x, k));
            TVector v0 = TLanes.Load(ref b0, at);
            c0 = TLanes.MultiplyAdd(xk, TLanes.LowerBf16(v0), c0);
            d0 = TLanes.MultiplyAdd(xk, TLanes.UpperBf16(v0), d0);
            TVector v1 = TLanes.Load(ref b1, at);
            c1 = TLanes.MultiplyAdd(xk, TLanes.LowerBf16(v1), c1);
            d1 = TLanes.MultiplyAdd(xk, TLanes.UpperBf16(v1), d1);
            TVector v2 = TLanes.Load(ref b2, at);
            c2 = TLanes.MultiplyAdd(xk, TLanes.LowerBf16(v2), c2);
            d2 = TLanes.MultiplyAdd(xk, TLanes.UpperBf16(v2), d2);
            TVector v3 = TLanes.Load(ref b3, at);
            c3 = TLanes.MultiplyAdd(xk, TLanes.LowerBf16(v3), c3);
            d3 = TLanes.MultiplyAdd(xk, TLanes.UpperBf16(v3), d3);
        }

        Put<TLanes, TVector>(c0, d0, 0, ref addend, ref y);
        Put<TLanes, TVector>(c1, d1, 1, ref addend, ref y);
        Put<TLanes, TVector>(c2, d2, 2, ref addend, ref y);
        Put<TLanes, TVector>(c3, d3, 3, ref addend, ref y);
    }

    /// <summary>Where a vector of pairs of the group begins, or the last valid one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref float At<TLanes, TVector>(ref float panel, int vector, int valid, int depth)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int pair = Math.Min(vector, valid - 1) * TLanes.Count;
        return ref Unsafe.Add(ref panel, ((nint)(pair / Bf16Panels.Pairs) * Bf16Panels.Pairs * depth) + (pair % Bf16Panels.Pairs));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TLanes, TVector>(TVector lower, TVector upper, int vector, ref float addend, ref float y)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int pair = vector * TLanes.Count;
        int column = (pair / Bf16Panels.Pairs * Panels.Width) + (pair % Bf16Panels.Pairs);
        TLanes.Store(TLanes.Add(lower, TLanes.Load(ref addend, column)), ref y, column);
        TLanes.Store(TLanes.Add(upper, TLanes.Load(ref addend, column + Bf16Panels.Pairs)), ref y, column + Bf16Panels.Pairs);
    }
}
