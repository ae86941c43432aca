using System.Runtime.CompilerServices;

namespace Rnn.Kernels;

/// <summary>
/// The register tiles of <see cref="MatMul"/>: every element of C is one chain of multiply-adds over ascending k,
/// whatever the tile, so a row's result does not depend on how many other rows stand beside it.
/// </summary>
internal static class MatMulTiles
{
    /// <summary>
    /// 12 rows of A, <paramref name="rowStride"/> apart and <paramref name="stepStride"/> from k to k, by two vectors of a panel: the most that 32 registers hold.
    /// Three places in A and three strides are all the addresses it needs.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows12<TLanes, TVector>(ref float a, nint rowStride, nint stepStride, ref float panel, int depth, TileTarget target)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        nint two = 2 * rowStride, three = 3 * rowStride;
        ref float a4 = ref Unsafe.Add(ref a, 4 * rowStride);
        ref float a8 = ref Unsafe.Add(ref a, 8 * rowStride);
        TVector c00 = TLanes.Create(0f), c01 = c00;
        TVector c10 = TLanes.Create(0f), c11 = c10;
        TVector c20 = TLanes.Create(0f), c21 = c20;
        TVector c30 = TLanes.Create(0f), c31 = c30;
        TVector c40 = TLanes.Create(0f), c41 = c40;
        TVector c50 = TLanes.Create(0f), c51 = c50;
        TVector c60 = TLanes.Create(0f), c61 = c60;
        TVector c70 = TLanes.Create(0f), c71 = c70;
        TVector c80 = TLanes.Create(0f), c81 = c80;
        TVector c90 = TLanes.Create(0f), c91 = c90;
        TVector ca0 = TLanes.Create(0f), ca1 = ca0;
        TVector cb0 = TLanes.Create(0f), cb1 = cb0;
        for (nint k = 0; k < depth; k++)
        {
            TVector b0 = TLanes.Load(ref panel, 0);
            TVector b1 = TLanes.Load(ref panel, TLanes.Count);
            panel = ref Unsafe.Add(ref panel, Panels.Width);
            TVector v0 = TLanes.Create(a);
            c00 = TLanes.MultiplyAdd(v0, b0, c00);
            c01 = TLanes.MultiplyAdd(v0, b1, c01);
            TVector v1 = TLanes.Create(Unsafe.Add(ref a, rowStride));
            c10 = TLanes.MultiplyAdd(v1, b0, c10);
            c11 = TLanes.MultiplyAdd(v1, b1, c11);
            TVector v2 = TLanes.Create(Unsafe.Add(ref a, two));
            c20 = TLanes.MultiplyAdd(v2, b0, c20);
            c21 = TLanes.MultiplyAdd(v2, b1, c21);
            TVector v3 = TLanes.Create(Unsafe.Add(ref a, three));
            c30 = TLanes.MultiplyAdd(v3, b0, c30);
            c31 = TLanes.MultiplyAdd(v3, b1, c31);
            TVector v4 = TLanes.Create(a4);
            c40 = TLanes.MultiplyAdd(v4, b0, c40);
            c41 = TLanes.MultiplyAdd(v4, b1, c41);
            TVector v5 = TLanes.Create(Unsafe.Add(ref a4, rowStride));
            c50 = TLanes.MultiplyAdd(v5, b0, c50);
            c51 = TLanes.MultiplyAdd(v5, b1, c51);
            TVector v6 = TLanes.Create(Unsafe.Add(ref a4, two));
            c60 = TLanes.MultiplyAdd(v6, b0, c60);
            c61 = TLanes.MultiplyAdd(v6, b1, c61);
            TVector v7 = TLanes.Create(Unsafe.Add(ref a4, three));
            c70 = TLanes.MultiplyAdd(v7, b0, c70);
            c71 = TLanes.MultiplyAdd(v7, b1, c71);
            TVector v8 = TLanes.Create(a8);
            c80 = TLanes.MultiplyAdd(v8, b0, c80);
            c81 = TLanes.MultiplyAdd(v8, b1, c81);
            TVector v9 = TLanes.Create(Unsafe.Add(ref a8, rowStride));
            c90 = TLanes.MultiplyAdd(v9, b0, c90);
            c91 = TLanes.MultiplyAdd(v9, b1, c91);
            TVector va = TLanes.Create(Unsafe.Add(ref a8, two));
            ca0 = TLanes.MultiplyAdd(va, b0, ca0);
            ca1 = TLanes.MultiplyAdd(va, b1, ca1);
            TVector vb = TLanes.Create(Unsafe.Add(ref a8, three));
            cb0 = TLanes.MultiplyAdd(vb, b0, cb0);
            cb1 = TLanes.MultiplyAdd(vb, b1, cb1);
            a = ref Unsafe.Add(ref a, stepStride);
            a4 = ref Unsafe.Add(ref a4, stepStride);
            a8 = ref Unsafe.Add(ref a8, stepStride);
        }

        target.Put<TLanes, TVector>(0, c00, c01);
        target.Put<TLanes, TVector>(1, c10, c11);
        target.Put<TLanes, TVector>(2, c20, c21);
        target.Put<TLanes, TVector>(3, c30, c31);
        target.Put<TLanes, TVector>(4, c40, c41);
        target.Put<TLanes, TVector>(5, c50, c51);
        target.Put<TLanes, TVector>(6, c60, c61);
        target.Put<TLanes, TVector>(7, c70, c71);
        target.Put<TLanes, TVector>(8, c80, c81);
        target.Put<TLanes, TVector>(9, c90, c91);
        target.Put<TLanes, TVector>(10, ca0, ca1);
        target.Put<TLanes, TVector>(11, cb0, cb1);
    }

    /// <summary>8 rows of A by two vectors of a panel; rows beyond the last valid one repeat it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows8<TLanes, TVector>(ref float a, nint rowStride, nint stepStride, int rows, ref float panel, int depth, TileTarget target)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        ref float a0 = ref Unsafe.Add(ref a, Math.Min(0, rows - 1) * rowStride);
        ref float a1 = ref Unsafe.Add(ref a, Math.Min(1, rows - 1) * rowStride);
        ref float a2 = ref Unsafe.Add(ref a, Math.Min(2, rows - 1) * rowStride);
        ref float a3 = ref Unsafe.Add(ref a, Math.Min(3, rows - 1) * rowStride);
        ref float a4 = ref Unsafe.Add(ref a, Math.Min(4, rows - 1) * rowStride);
        ref float a5 = ref Unsafe.Add(ref a, Math.Min(5, rows - 1) * rowStride);
        ref float a6 = ref Unsafe.Add(ref a, Math.Min(6, rows - 1) * rowStride);
        ref float a7 = ref Unsafe.Add(ref a, Math.Min(7, rows - 1) * rowStride);
        TVector c00 = TLanes.Create(0f), c01 = c00;
        TVector c10 = TLanes.Create(0f), c11 = c10;
        TVector c20 = TLanes.Create(0f), c21 = c20;
        TVector c30 = TLanes.Create(0f), c31 = c30;
        TVector c40 = TLanes.Create(0f), c41 = c40;
        TVector c50 = TLanes.Create(0f), c51 = c50;
        TVector c60 = TLanes.Create(0f), c61 = c60;
        TVector c70 = TLanes.Create(0f), c71 = c70;
        nint at = 0;
        for (nint k = 0; k < depth; k++, at += stepStride)
        {
            TVector b0 = TLanes.Load(ref panel, k * Panels.Width);
            TVector b1 = TLanes.Load(ref panel, (k * Panels.Width) + TLanes.Count);
            TVector v0 = TLanes.Create(Unsafe.Add(ref a0, at));
            c00 = TLanes.MultiplyAdd(v0, b0, c00);
            c01 = TLanes.MultiplyAdd(v0, b1, c01);
            TVector v1 = TLanes.Create(Unsafe.Add(ref a1, at));
            c10 = TLanes.MultiplyAdd(v1, b0, c10);
            c11 = TLanes.MultiplyAdd(v1, b1, c11);
            TVector v2 = TLanes.Create(Unsafe.Add(ref a2, at));
            c20 = TLanes.MultiplyAdd(v2, b0, c20);
            c21 = TLanes.MultiplyAdd(v2, b1, c21);
            TVector v3 = TLanes.Create(Unsafe.Add(ref a3, at));
            c30 = TLanes.MultiplyAdd(v3, b0, c30);
            c31 = TLanes.MultiplyAdd(v3, b1, c31);
            TVector v4 = TLanes.Create(Unsafe.Add(ref a4, at));
            c40 = TLanes.MultiplyAdd(v4, b0, c40);
            c41 = TLanes.MultiplyAdd(v4, b1, c41);
            TVector v5 = TLanes.Create(Unsafe.Add(ref a5, at));
            c50 = TLanes.MultiplyAdd(v5, b0, c50);
            c51 = TLanes.MultiplyAdd(v5, b1, c51);
            TVector v6 = TLanes.Create(Unsafe.Add(ref a6, at));
            c60 = TLanes.MultiplyAdd(v6, b0, c60);
            c61 = TLanes.MultiplyAdd(v6, b1, c61);
            TVector v7 = TLanes.Create(Unsafe.Add(ref a7, at));
            c70 = TLanes.MultiplyAdd(v7, b0, c70);
            c71 = TLanes.MultiplyAdd(v7, b1, c71);
        }

        target.Put<TLanes, TVector>(0, c00, c01);
        target.Put<TLanes, TVector>(1, c10, c11);
        target.Put<TLanes, TVector>(2, c20, c21);
        target.Put<TLanes, TVector>(3, c30, c31);
        target.Put<TLanes, TVector>(4, c40, c41);
        target.Put<TLanes, TVector>(5, c50, c51);
        target.Put<TLanes, TVector>(6, c60, c61);
        target.Put<TLanes, TVector>(7, c70, c71);
    }

    /// <summary>4 rows of A by two vectors of a panel; rows beyond the last valid one repeat it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4<TLanes, TVector>(ref float a, nint rowStride, nint stepStride, int rows, ref float panel, int depth, TileTarget target)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        ref float a0 = ref Unsafe.Add(ref a, Math.Min(0, rows - 1) * rowStride);
        ref float a1 = ref Unsafe.Add(ref a, Math.Min(1, rows - 1) * rowStride);
        ref float a2 = ref Unsafe.Add(ref a, Math.Min(2, rows - 1) * rowStride);
        ref float a3 = ref Unsafe.Add(ref a, Math.Min(3, rows - 1) * rowStride);
        TVector c00 = TLanes.Create(0f), c01 = c00;
        TVector c10 = TLanes.Create(0f), c11 = c10;
        TVector c20 = TLanes.Create(0f), c21 = c20;
        TVector c30 = TLanes.Create(0f), c31 = c30;
        nint at = 0;
        for (nint k = 0; k < depth; k++, at += stepStride)
        {
            TVector b0 = TLanes.Load(ref panel, k * Panels.Width);
            TVector b1 = TLanes.Load(ref panel, (k * Panels.Width) + TLanes.Count);
            TVector v0 = TLanes.Create(Unsafe.Add(ref a0, at));
            c00 = TLanes.MultiplyAdd(v0, b0, c00);
            c01 = TLanes.MultiplyAdd(v0, b1, c01);
            TVector v1 = TLanes.Create(Unsafe.Add(ref a1, at));
            c10 = TLanes.MultiplyAdd(v1, b0, c10);
            c11 = TLanes.MultiplyAdd(v1, b1, c11);
            TVector v2 = TLanes.Create(Unsafe.Add(ref a2, at));
            c20 = TLanes.MultiplyAdd(v2, b0, c20);
            c21 = TLanes.MultiplyAdd(v2, b1, c21);
            TVector v3 = TLanes.Create(Unsafe.Add(ref a3, at));
            c30 = TLanes.MultiplyAdd(v3, b0, c30);
            c31 = TLanes.MultiplyAdd(v3, b1, c31);
        }

        target.Put<TLanes, TVector>(0, c00, c01);
        target.Put<TLanes, TVector>(1, c10, c11);
        target.Put<TLanes, TVector>(2, c20, c21);
        target.Put<TLanes, TVector>(3, c30, c31);
    }
}
