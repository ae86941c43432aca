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
        int done = 0;
        if (b.Tight is { } tight)
        {
            tight.Multiply(x, bias, y, fromEnd);
            done = tight.Columns;
        }

        if (done == y.Length) return;
        if (Vector512.IsHardwareAccelerated) Multiply<Lanes512, Vector512<float>>(x, b, bias, y, fromEnd, done);
        else if (Vector256.IsHardwareAccelerated) Multiply<Lanes256, Vector256<float>>(x, b, bias, y, fromEnd, done);
        else Multiply<Lanes128, Vector128<float>>(x, b, bias, y, fromEnd, done);
    }

    /// <summary>The product at one vector width, but for so many whole panels that are <paramref name="done"/>; the tests call every width.</summary>
    [SkipLocalsInit]
    internal static void Multiply<TLanes, TVector>(ReadOnlySpan<float> x, PackedMatrix b, ReadOnlySpan<float> bias, Span<float> y, bool fromEnd, int done = 0)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        bool isBf16 = b.Precision == WeightPrecision.Bf16;
        ReadOnlySpan<float> panels = isBf16 ? b.Pairs : b.Panels;
        // Of one panel, or of eight vectors where those are more.
        int width = Math.Max(Vectors * TLanes.Count, Panels.Width);
        int groups = (y.Length - done + width - 1) / width;
        nint panel = (nint)Panels.Width * x.Length / (isBf16 ? 2 : 1);
        Span<float> edge = stackalloc float[Vectors * Lanes512.Count];
        for (int i = 0; i < groups; i++)
        {
            int first = done + ((fromEnd ? groups - 1 - i : i) * width);
            int columns = Math.Min(width, y.Length - first);
            scoped ReadOnlySpan<float> addend = bias.IsEmpty ? s_zeros.AsSpan(0, columns) : bias.Slice(first, columns);
            scoped Span<float> sums = columns == width ? y.Slice(first, width) : edge;
            if (columns < width)
            {
                addend.CopyTo(edge);
                addend = edge;
            }

            ref float weights = ref Unsafe.Add(ref MemoryMarshal.GetReference(panels), first / Panels.Width * panel);
            if (isBf16) SumPairs<TLanes, TVector>(columns, x, ref weights, panel, ref MemoryMarshal.GetReference(addend), ref sums[0]);
            else Sum<TLanes, TVector>(columns, x, ref weights, panel, ref MemoryMarshal.GetReference(addend), ref sums[0]);
            if (columns < width) edge[..columns].CopyTo(y[first..]);
        }
    }

    /// <summary>A group of columns, all its vectors side by side: only a scalar one has more than eight.</summary>
    private static void Sum<TLanes, TVector>(int columns, ReadOnlySpan<float> row, ref float weights, nint panel, ref float addend, ref float y)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        ref float x = ref MemoryMarshal.GetReference(row);
        for (int j = 0; j < columns; j += Vectors * TLanes.Count)
        {
            ref float b = ref Unsafe.Add(ref weights, j);
            ref float from = ref Unsafe.Add(ref addend, j);
            ref float to = ref Unsafe.Add(ref y, j);
            switch ((columns - j + TLanes.Count - 1) / TLanes.Count)
            {
                case 1: Sum<TLanes, TVector, One>(ref x, row.Length, ref b, panel, ref from, ref to); break;
                case 2: Sum<TLanes, TVector, Two>(ref x, row.Length, ref b, panel, ref from, ref to); break;
                case 3: Sum<TLanes, TVector, Three>(ref x, row.Length, ref b, panel, ref from, ref to); break;
                case 4: Sum<TLanes, TVector, Four>(ref x, row.Length, ref b, panel, ref from, ref to); break;
                case 5: Sum<TLanes, TVector, Five>(ref x, row.Length, ref b, panel, ref from, ref to); break;
                case 6: Sum<TLanes, TVector, Six>(ref x, row.Length, ref b, panel, ref from, ref to); break;
                case 7: Sum<TLanes, TVector, Seven>(ref x, row.Length, ref b, panel, ref from, ref to); break;
                default: Sum<TLanes, TVector, Eight>(ref x, row.Length, ref b, panel, ref from, ref to); break;
            }
        }
    }

    /// <summary>The same of bf16, where four vectors of pairs are eight of columns; a panel is always multiplied whole.</summary>
    private static void SumPairs<TLanes, TVector>(int columns, ReadOnlySpan<float> row, ref float weights, nint panel, ref float addend, ref float y)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        ref float x = ref MemoryMarshal.GetReference(row);
        int pairs = (columns + Panels.Width - 1) / Panels.Width * Bf16Panels.Pairs;
        for (int j = 0; j < pairs; j += Vectors / 2 * TLanes.Count)
        {
            ref float b = ref Unsafe.Add(ref weights, j);
            ref float from = ref Unsafe.Add(ref addend, j);
            ref float to = ref Unsafe.Add(ref y, j);
            switch ((pairs - j) / TLanes.Count)
            {
                case 1: Bf16Product.Sum<TLanes, TVector, One>(ref x, row.Length, ref b, panel, ref from, ref to); break;
                case 2: Bf16Product.Sum<TLanes, TVector, Two>(ref x, row.Length, ref b, panel, ref from, ref to); break;
                case 3: Bf16Product.Sum<TLanes, TVector, Three>(ref x, row.Length, ref b, panel, ref from, ref to); break;
                default: Bf16Product.Sum<TLanes, TVector, Four>(ref x, row.Length, ref b, panel, ref from, ref to); break;
            }
        }
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
            if (TVectors.Value > 1) c1 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b1, at), c1);
            if (TVectors.Value > 2) c2 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b2, at), c2);
            if (TVectors.Value > 3) c3 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b3, at), c3);
            if (TVectors.Value > 4) c4 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b4, at), c4);
            if (TVectors.Value > 5) c5 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b5, at), c5);
            if (TVectors.Value > 6) c6 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b6, at), c6);
            if (TVectors.Value > 7) c7 = TLanes.MultiplyAdd(xk, TLanes.Load(ref b7, at), c7);
        }

        TLanes.Store(TLanes.Add(c0, TLanes.Load(ref addend, 0)), ref y, 0);
        if (TVectors.Value > 1) TLanes.Store(TLanes.Add(c1, TLanes.Load(ref addend, 1 * TLanes.Count)), ref y, 1 * TLanes.Count);
        if (TVectors.Value > 2) TLanes.Store(TLanes.Add(c2, TLanes.Load(ref addend, 2 * TLanes.Count)), ref y, 2 * TLanes.Count);
        if (TVectors.Value > 3) TLanes.Store(TLanes.Add(c3, TLanes.Load(ref addend, 3 * TLanes.Count)), ref y, 3 * TLanes.Count);
        if (TVectors.Value > 4) TLanes.Store(TLanes.Add(c4, TLanes.Load(ref addend, 4 * TLanes.Count)), ref y, 4 * TLanes.Count);
        if (TVectors.Value > 5) TLanes.Store(TLanes.Add(c5, TLanes.Load(ref addend, 5 * TLanes.Count)), ref y, 5 * TLanes.Count);
        if (TVectors.Value > 6) TLanes.Store(TLanes.Add(c6, TLanes.Load(ref addend, 6 * TLanes.Count)), ref y, 6 * TLanes.Count);
        if (TVectors.Value > 7) TLanes.Store(TLanes.Add(c7, TLanes.Load(ref addend, 7 * TLanes.Count)), ref y, 7 * TLanes.Count);
    }

    /// <summary>Where a vector begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint At<TLanes, TVector>(int vector, nint nextPanel)
        where TLanes : ILanes<TVector>
        where TVector : struct => (vector * TLanes.Count / Panels.Width * nextPanel) + (vector * TLanes.Count % Panels.Width);
}
