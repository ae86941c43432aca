using System.Runtime.CompilerServices;

namespace Rnn.Kernels;

/// <summary>
/// The register tiles of <see cref="MatMul"/> that take two neighbouring panels at once, four vectors of their widest kind: fewer loads for as many multiply-adds than
/// <see cref="MatMulTiles"/>, which counts where a core shares its front end. Sums run as they do there.
/// </summary>
internal static class MatMulPairTiles
{
    /// <summary>6 rows of A, <paramref name="rowStride"/> apart and <paramref name="stepStride"/> from k to k, by two panels <paramref name="nextPanel"/> floats apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6<TLanes, TVector>(ref float a, nint rowStride, nint stepStride, ref float panel, nint nextPanel, int depth, TileTarget target)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        nint two = 2 * rowStride, three = 3 * rowStride, four = 4 * rowStride, five = 5 * rowStride;
        TileTarget next = target.Right(Panels.Width);
        target.Prefetch<TLanes, TVector>(0);
        target.Prefetch<TLanes, TVector>(1);
        target.Prefetch<TLanes, TVector>(2);
        target.Prefetch<TLanes, TVector>(3);
        target.Prefetch<TLanes, TVector>(4);
        target.Prefetch<TLanes, TVector>(5);
        nint step = stepStride * sizeof(float), last = nextPanel + TLanes.Count;
        TVector c00 = TLanes.Create(0f), c01 = c00, c02 = c00, c03 = c00;
        TVector c10 = c00, c11 = c00, c12 = c00, c13 = c00;
        TVector c20 = c00, c21 = c00, c22 = c00, c23 = c00;
        TVector c30 = c00, c31 = c00, c32 = c00, c33 = c00;
        TVector c40 = c00, c41 = c00, c42 = c00, c43 = c00;
        TVector c50 = c00, c51 = c00, c52 = c00, c53 = c00;
        for (nint k = depth; k != 0; k--)
        {
            TVector b0 = TLanes.Load(ref panel, 0), b1 = TLanes.Load(ref panel, TLanes.Count), b2 = TLanes.Load(ref panel, nextPanel), b3 = TLanes.Load(ref panel, last);
            panel = ref Unsafe.Add(ref panel, Panels.Width);
            TVector v0 = TLanes.Create(a);
            c00 = TLanes.MultiplyAdd(v0, b0, c00);
            c01 = TLanes.MultiplyAdd(v0, b1, c01);
            c02 = TLanes.MultiplyAdd(v0, b2, c02);
            c03 = TLanes.MultiplyAdd(v0, b3, c03);
            TVector v1 = TLanes.Create(Unsafe.Add(ref a, rowStride));
            c10 = TLanes.MultiplyAdd(v1, b0, c10);
            c11 = TLanes.MultiplyAdd(v1, b1, c11);
            c12 = TLanes.MultiplyAdd(v1, b2, c12);
            c13 = TLanes.MultiplyAdd(v1, b3, c13);
            TVector v2 = TLanes.Create(Unsafe.Add(ref a, two));
            c20 = TLanes.MultiplyAdd(v2, b0, c20);
            c21 = TLanes.MultiplyAdd(v2, b1, c21);
            c22 = TLanes.MultiplyAdd(v2, b2, c22);
            c23 = TLanes.MultiplyAdd(v2, b3, c23);
            TVector v3 = TLanes.Create(Unsafe.Add(ref a, three));
            c30 = TLanes.MultiplyAdd(v3, b0, c30);
            c31 = TLanes.MultiplyAdd(v3, b1, c31);
            c32 = TLanes.MultiplyAdd(v3, b2, c32);
            c33 = TLanes.MultiplyAdd(v3, b3, c33);
            TVector v4 = TLanes.Create(Unsafe.Add(ref a, four));
            c40 = TLanes.MultiplyAdd(v4, b0, c40);
            c41 = TLanes.MultiplyAdd(v4, b1, c41);
            c42 = TLanes.MultiplyAdd(v4, b2, c42);
            c43 = TLanes.MultiplyAdd(v4, b3, c43);
            TVector v5 = TLanes.Create(Unsafe.Add(ref a, five));
            c50 = TLanes.MultiplyAdd(v5, b0, c50);
            c51 = TLanes.MultiplyAdd(v5, b1, c51);
            c52 = TLanes.MultiplyAdd(v5, b2, c52);
            c53 = TLanes.MultiplyAdd(v5, b3, c53);
            a = ref Unsafe.AddByteOffset(ref a, step);
        }

        target.Put<TLanes, TVector>(0, c00, c01);
        next.Put<TLanes, TVector>(0, c02, c03);
        target.Put<TLanes, TVector>(1, c10, c11);
        next.Put<TLanes, TVector>(1, c12, c13);
        target.Put<TLanes, TVector>(2, c20, c21);
        next.Put<TLanes, TVector>(2, c22, c23);
        target.Put<TLanes, TVector>(3, c30, c31);
        next.Put<TLanes, TVector>(3, c32, c33);
        target.Put<TLanes, TVector>(4, c40, c41);
        next.Put<TLanes, TVector>(4, c42, c43);
        target.Put<TLanes, TVector>(5, c50, c51);
        next.Put<TLanes, TVector>(5, c52, c53);
    }

    /// <summary>4 rows of A, <paramref name="rowStride"/> apart and <paramref name="stepStride"/> from k to k, by two panels <paramref name="nextPanel"/> floats apart; rows beyond the last valid one repeat it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4<TLanes, TVector>(ref float a, nint rowStride, nint stepStride, int rows, ref float panel, nint nextPanel, int depth, TileTarget target)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        nint one = Math.Min(1, rows - 1) * rowStride, two = Math.Min(2, rows - 1) * rowStride, three = Math.Min(3, rows - 1) * rowStride;
        TileTarget next = target.Right(Panels.Width);
        target.Prefetch<TLanes, TVector>(0);
        target.Prefetch<TLanes, TVector>(1);
        target.Prefetch<TLanes, TVector>(2);
        target.Prefetch<TLanes, TVector>(3);
        nint step = stepStride * sizeof(float), last = nextPanel + TLanes.Count;
        TVector c00 = TLanes.Create(0f), c01 = c00, c02 = c00, c03 = c00;
        TVector c10 = c00, c11 = c00, c12 = c00, c13 = c00;
        TVector c20 = c00, c21 = c00, c22 = c00, c23 = c00;
        TVector c30 = c00, c31 = c00, c32 = c00, c33 = c00;
        for (nint k = depth; k != 0; k--)
        {
            TVector b0 = TLanes.Load(ref panel, 0), b1 = TLanes.Load(ref panel, TLanes.Count), b2 = TLanes.Load(ref panel, nextPanel), b3 = TLanes.Load(ref panel, last);
            panel = ref Unsafe.Add(ref panel, Panels.Width);
            TVector v0 = TLanes.Create(a);
            c00 = TLanes.MultiplyAdd(v0, b0, c00);
            c01 = TLanes.MultiplyAdd(v0, b1, c01);
            c02 = TLanes.MultiplyAdd(v0, b2, c02);
            c03 = TLanes.MultiplyAdd(v0, b3, c03);
            TVector v1 = TLanes.Create(Unsafe.Add(ref a, one));
            c10 = TLanes.MultiplyAdd(v1, b0, c10);
            c11 = TLanes.MultiplyAdd(v1, b1, c11);
            c12 = TLanes.MultiplyAdd(v1, b2, c12);
            c13 = TLanes.MultiplyAdd(v1, b3, c13);
            TVector v2 = TLanes.Create(Unsafe.Add(ref a, two));
            c20 = TLanes.MultiplyAdd(v2, b0, c20);
            c21 = TLanes.MultiplyAdd(v2, b1, c21);
            c22 = TLanes.MultiplyAdd(v2, b2, c22);
            c23 = TLanes.MultiplyAdd(v2, b3, c23);
            TVector v3 = TLanes.Create(Unsafe.Add(ref a, three));
            c30 = TLanes.MultiplyAdd(v3, b0, c30);
            c31 = TLanes.MultiplyAdd(v3, b1, c31);
            c32 = TLanes.MultiplyAdd(v3, b2, c32);
            c33 = TLanes.MultiplyAdd(v3, b3, c33);
            a = ref Unsafe.AddByteOffset(ref a, step);
        }

        target.Put<TLanes, TVector>(0, c00, c01);
        next.Put<TLanes, TVector>(0, c02, c03);
        target.Put<TLanes, TVector>(1, c10, c11);
        next.Put<TLanes, TVector>(1, c12, c13);
        target.Put<TLanes, TVector>(2, c20, c21);
        next.Put<TLanes, TVector>(2, c22, c23);
        target.Put<TLanes, TVector>(3, c30, c31);
        next.Put<TLanes, TVector>(3, c32, c33);
    }
}
