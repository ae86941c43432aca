using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>
/// <c>y = x·B + bias</c> of a single row, whose cost is that of reading B once. Every element is one chain of multiply-adds over ascending k, as in <see cref="MatMulTiles"/>,
/// so a row has the same bits alone and in a batch.
/// </summary>
internal static class RowProduct
{
    /// <summary>Vectors whose sums run side by side: enough to hide the latency of a multiply-add.</summary>
    private const int Vectors = 8;

    private static readonly float[] Zeros = new float[Vectors * 16];

    /// <summary>
    /// <paramref name="x"/> is <c>[B.Depth]</c>, bias <c>[B.Columns]</c> or empty; overwrites <paramref name="y"/> <c>[B.Columns]</c>, which may be the bias but not overlap x.
    /// Who multiplies by the same matrix again and again goes through it <paramref name="fromEnd"/> every other time: of a matrix larger than the cache what was read last is still there.
    /// </summary>
    public static void Multiply(ReadOnlySpan<float> x, PackedMatrix b, ReadOnlySpan<float> bias, Span<float> y, bool fromEnd = false)
    {
        x = x[..b.Depth];
        y = y[..b.Columns];
        if (!bias.IsEmpty && bias.Length != b.Columns) throw new ArgumentException($"bias has {bias.Length} values, expected {b.Columns}.", nameof(bias));
        if (Vector512.IsHardwareAccelerated) Multiply<Lanes512, Vector512<float>>(x, b, bias, y, fromEnd);
        else if (Vector256.IsHardwareAccelerated) Multiply<Lanes256, Vector256<float>>(x, b, bias, y, fromEnd);
        else Multiply<Lanes128, Vector128<float>>(x, b, bias, y, fromEnd);
    }

    /// <summary>The product at one vector width; the tests call every width.</summary>
    [SkipLocalsInit]
    internal static void Multiply<TLanes, TVector>(ReadOnlySpan<float> x, PackedMatrix b, ReadOnlySpan<float> bias, Span<float> y, bool fromEnd)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        bool isBf16 = b.Precision == WeightPrecision.Bf16;
        ReadOnlySpan<float> panels = isBf16 ? b.Pairs : b.Panels;
        int columnsInFloat = isBf16 ? 2 : 1;
        int width = Math.Max(Vectors * TLanes.Count, Panels.Width);
        int groups = (y.Length + width - 1) / width;
        Span<float> edge = stackalloc float[Vectors * 16];
        for (int i = 0; i < groups; i++)
        {
            int first = (fromEnd ? groups - 1 - i : i) * width;
            int valid = Math.Min(width, y.Length - first);
            int padded = (valid + Panels.Width - 1) / Panels.Width * Panels.Width;
            ref float group = ref Unsafe.Add(ref MemoryMarshal.GetReference(panels), (nint)first * x.Length / columnsInFloat);
            bool isWhole = valid == width;
            ReadOnlySpan<float> addend = bias.IsEmpty ? Zeros : isWhole ? bias.Slice(first, valid) : edge;
            Span<float> target = isWhole ? y.Slice(first, valid) : edge;
            if (!isWhole && !bias.IsEmpty) bias.Slice(first, valid).CopyTo(edge);
            // Only scalars need more than one turn for a panel.
            for (int done = 0; done < padded; done += Vectors * TLanes.Count)
            {
                int at = done / columnsInFloat;
                ref float panel = ref Unsafe.Add(ref group, at);
                int rest = (padded - done) / columnsInFloat / TLanes.Count;
                if (isBf16) Bf16Product.Sum<TLanes, TVector>(ref MemoryMarshal.GetReference(x), ref panel, x.Length, rest, ref Unsafe.AsRef(in addend[at]), ref target[at]);
                else Sum<TLanes, TVector>(ref MemoryMarshal.GetReference(x), ref panel, x.Length, rest, ref Unsafe.AsRef(in addend[at]), ref target[at]);
            }

            if (!isWhole) edge[..valid].CopyTo(y[first..]);
        }
    }

    /// <summary>The sums of up to eight neighbouring vectors; those beyond the last valid one repeat it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum<TLanes, TVector>(ref float x, ref float panel, int depth, int valid, ref float addend, ref float y)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        ref float b0 = ref At<TLanes, TVector>(ref panel, 0, valid, depth);
        ref float b1 = ref At<TLanes, TVector>(ref panel, 1, valid, depth);
        ref float b2 = ref At<TLanes, TVector>(ref panel, 2, valid, depth);
        ref float b3 = ref At<TLanes, TVector>(ref panel, 3, valid, depth);
        ref float b4 = ref At<TLanes, TVector>(ref panel, 4, valid, depth);
        ref float b5 = ref At<TLanes, TVector>(ref panel, 5, valid, depth);
        ref float b6 = ref At<TLanes, TVector>(ref panel, 6, valid, depth);
        ref float b7 = ref At<TLanes, TVector>(ref panel, 7, valid, depth);
        TVector c0 = TLanes.Create(0f), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
        nint at = 0;
        for (nint k = 0; k < depth; k++, at += Panels.Width)
        {
            TVector xk = TLanes.Create(Unsafe.Add(ref x, k));
            c0 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b0, at), c0);
            c1 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b1, at), c1);
            c2 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b2, at), c2);
            c3 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b3, at), c3);
            c4 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b4, at), c4);
            c5 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b5, at), c5);
            c6 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b6, at), c6);
            c7 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b7, at), c7);
        }

        TLanes.Store(TLanes.Add(c0, TLanes.Load(ref addend, 0 * TLanes.Count)), ref y, 0 * TLanes.Count);
        TLanes.Store(TLanes.Add(c1, TLanes.Load(ref addend, 1 * TLanes.Count)), ref y, 1 * TLanes.Count);
        TLanes.Store(TLanes.Add(c2, TLanes.Load(ref addend, 2 * TLanes.Count)), ref y, 2 * TLanes.Count);
        TLanes.Store(TLanes.Add(c3, TLanes.Load(ref addend, 3 * TLanes.Count)), ref y, 3 * TLanes.Count);
        TLanes.Store(TLanes.Add(c4, TLanes.Load(ref addend, 4 * TLanes.Count)), ref y, 4 * TLanes.Count);
        TLanes.Store(TLanes.Add(c5, TLanes.Load(ref addend, 5 * TLanes.Count)), ref y, 5 * TLanes.Count);
        TLanes.Store(TLanes.Add(c6, TLanes.Load(ref addend, 6 * TLanes.Count)), ref y, 6 * TLanes.Count);
        TLanes.Store(TLanes.Add(c7, TLanes.Load(ref addend, 7 * TLanes.Count)), ref y, 7 * TLanes.Count);
    }

    /// <summary>Where a vector of the group begins, or the last valid one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref float At<TLanes, TVector>(ref float panel, int vector, int valid, int depth)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int column = Math.Min(vector, valid - 1) * TLanes.Count;
        return ref Unsafe.Add(ref panel, ((nint)(column / Panels.Width) * Panels.Width * depth) + (column % Panels.Width));
    }
}
