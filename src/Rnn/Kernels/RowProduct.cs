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

    private static readonly float[] s_zeros = new float[Vectors * 16];

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
        // Of one panel, or of eight vectors where those are more.
        int width = Math.Max(Vectors * TLanes.Count, Panels.Width);
        int groups = (y.Length + width - 1) / width;
        nint panel = (nint)Panels.Width * x.Length / (isBf16 ? 2 : 1);
        Span<float> edge = stackalloc float[Panels.Width];
        for (int i = 0; i < groups; i++)
        {
            int first = (fromEnd ? groups - 1 - i : i) * width;
            int last = Math.Min(first + width, y.Length);
            ref float weights = ref Unsafe.Add(ref MemoryMarshal.GetReference(panels), first / Panels.Width * panel);
            if (last - first == width && Vectors * TLanes.Count >= Panels.Width)
            {
                ReadOnlySpan<float> addend = bias.IsEmpty ? s_zeros : bias.Slice(first, width);
                SumGroup<TLanes, TVector>(isBf16, ref MemoryMarshal.GetReference(x), ref weights, panel, x.Length, ref MemoryMarshal.GetReference(addend), ref y[first]);
                continue;
            }

            for (; first < last; first += Panels.Width, weights = ref Unsafe.Add(ref weights, panel))
            {
                int valid = Math.Min(Panels.Width, last - first);
                if (bias.IsEmpty) edge.Clear();
                else bias.Slice(first, valid).CopyTo(edge);
                SumPanel<TLanes, TVector>(isBf16, ref MemoryMarshal.GetReference(x), ref weights, x.Length, valid, ref edge[0]);
                edge[..valid].CopyTo(y[first..]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumGroup<TLanes, TVector>(bool isBf16, ref float x, ref float weights, nint panel, int depth, ref float addend, ref float y)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        if (isBf16) Bf16Product.Sum<TLanes, TVector, Four>(ref x, depth, ref weights, panel, ref addend, ref y);
        else Sum<TLanes, TVector, Eight>(ref x, depth, ref weights, panel, ref addend, ref y);
    }

    /// <summary>Adds the sums of the first columns of a panel to what stands in <paramref name="edge"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumPanel<TLanes, TVector>(bool isBf16, ref float x, ref float weights, int depth, int valid, ref float edge)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        for (int j = 0; isBf16 && j < Bf16Panels.Pairs; j += TLanes.Count)
            Bf16Product.Sum<TLanes, TVector, One>(ref x, depth, ref Unsafe.Add(ref weights, j), 0, ref Unsafe.Add(ref edge, j), ref Unsafe.Add(ref edge, j));
        for (int j = 0; !isBf16 && j < valid; j += 2 * TLanes.Count)
            Sum<TLanes, TVector, Two>(ref x, depth, ref Unsafe.Add(ref weights, j), 0, ref Unsafe.Add(ref edge, j), ref Unsafe.Add(ref edge, j));
    }

    /// <summary>The sums of neighbouring vectors, in panels <paramref name="panel"/> floats apart, and of an addend.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum<TLanes, TVector, TVectors>(ref float x, int depth, ref float weights, nint panel, ref float addend, ref float y)
        where TLanes : ILanes<TVector>
        where TVector : struct
        where TVectors : struct, ICount
    {
        ref float b0 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(0, panel));
        ref float b1 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(1, panel));
        ref float b2 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(2, panel));
        ref float b3 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(3, panel));
        ref float b4 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(4, panel));
        ref float b5 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(5, panel));
        ref float b6 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(6, panel));
        ref float b7 = ref Unsafe.Add(ref weights, At<TLanes, TVector>(7, panel));
        TVector c0 = TLanes.Create(0f), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
        nint at = 0;
        for (nint k = 0; k < depth; k++, at += Panels.Width)
        {
            TVector xk = TLanes.Create(Unsafe.Add(ref x, k));
            c0 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b0, at), c0);
            c1 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b1, at), c1);
            if (TVectors.Value == 8)
            {
                c2 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b2, at), c2);
                c3 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b3, at), c3);
                c4 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b4, at), c4);
                c5 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b5, at), c5);
                c6 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b6, at), c6);
                c7 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b7, at), c7);
            }
        }

        TLanes.Store(TLanes.Add(c0, TLanes.Load(ref addend, 0 * TLanes.Count)), ref y, 0 * TLanes.Count);
        TLanes.Store(TLanes.Add(c1, TLanes.Load(ref addend, 1 * TLanes.Count)), ref y, 1 * TLanes.Count);
        if (TVectors.Value == 8)
        {
            TLanes.Store(TLanes.Add(c2, TLanes.Load(ref addend, 2 * TLanes.Count)), ref y, 2 * TLanes.Count);
            TLanes.Store(TLanes.Add(c3, TLanes.Load(ref addend, 3 * TLanes.Count)), ref y, 3 * TLanes.Count);
            TLanes.Store(TLanes.Add(c4, TLanes.Load(ref addend, 4 * TLanes.Count)), ref y, 4 * TLanes.Count);
            TLanes.Store(TLanes.Add(c5, TLanes.Load(ref addend, 5 * TLanes.Count)), ref y, 5 * TLanes.Count);
            TLanes.Store(TLanes.Add(c6, TLanes.Load(ref addend, 6 * TLanes.Count)), ref y, 6 * TLanes.Count);
            TLanes.Store(TLanes.Add(c7, TLanes.Load(ref addend, 7 * TLanes.Count)), ref y, 7 * TLanes.Count);
        }
    }

    /// <summary>Where a vector begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint At<TLanes, TVector>(int vector, nint nextPanel)
        where TLanes : ILanes<TVector>
        where TVector : struct => (vector * TLanes.Count / Panels.Width * nextPanel) + (vector * TLanes.Count % Panels.Width);
}
