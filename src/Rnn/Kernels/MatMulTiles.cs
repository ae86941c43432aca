using System.Runtime.CompilerServices;

namespace Rnn.Kernels;

/// <summary>
/// The register tiles of <see cref="MatMul"/>: every element of C is one chain of multiply-adds over ascending k,
/// whatever the tile, so a row's result does not depend on how many other rows stand beside it.
/// </summary>
internal static class MatMulTiles
{
    /// <summary>Hardware looks ahead within a page only.</summary>
    private const int Page = 4096 / sizeof(float);

    /// <summary>
    /// 12 rows by two vectors of a panel: the most that 32 registers hold. <paramref name="a"/> is the packed tile (<see cref="LeftTiles"/>) and <paramref name="again"/> the same place:
    /// the compiler, which does not know that, lets both multiply-adds of a factor read it from memory, and no instruction is spent on loading it.
    /// </summary>
    /// <param name="a">The tile's first factor.</param>
    /// <param name="again">The same.</param>
    /// <param name="panel">The panel's first row.</param>
    /// <param name="depth">Rows of the panel.</param>
    /// <param name="isFirst">Whether no tile has met the panel yet, so that it may have to come from far away.</param>
    /// <param name="target">Where the sums go.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows12<TLanes, TVector>(ref float a, ref float again, ref float panel, int depth, bool isFirst, TileTarget target)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        target.Prefetch<TLanes, TVector>(12);
        TVector c00 = TLanes.Create(0f), c01 = c00;
        TVector c10 = c00, c11 = c00;
        TVector c20 = c00, c21 = c00;
        TVector c30 = c00, c31 = c00;
        TVector c40 = c00, c41 = c00;
        TVector c50 = c00, c51 = c00;
        TVector c60 = c00, c61 = c00;
        TVector c70 = c00, c71 = c00;
        TVector c80 = c00, c81 = c00;
        TVector c90 = c00, c91 = c00;
        TVector ca0 = c00, ca1 = c00;
        TVector cb0 = c00, cb1 = c00;
        for (nint k = depth; k != 0; k--)
        {
            if (isFirst) PrefetchNextPage<TLanes, TVector>(ref panel);
            TVector b0 = TLanes.Load(ref panel, 0), b1 = TLanes.Load(ref panel, TLanes.Count);
            panel = ref Unsafe.Add(ref panel, Panels.Width);
            TVector v0 = TLanes.Create(a);
            c00 = TLanes.MultiplyAdd(v0, b0, c00);
            c01 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v0, ref again, 0), b1, c01);
            TVector v1 = TLanes.Create(Unsafe.Add(ref a, 1));
            c10 = TLanes.MultiplyAdd(v1, b0, c10);
            c11 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v1, ref again, 1), b1, c11);
            TVector v2 = TLanes.Create(Unsafe.Add(ref a, 2));
            c20 = TLanes.MultiplyAdd(v2, b0, c20);
            c21 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v2, ref again, 2), b1, c21);
            TVector v3 = TLanes.Create(Unsafe.Add(ref a, 3));
            c30 = TLanes.MultiplyAdd(v3, b0, c30);
            c31 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v3, ref again, 3), b1, c31);
            TVector v4 = TLanes.Create(Unsafe.Add(ref a, 4));
            c40 = TLanes.MultiplyAdd(v4, b0, c40);
            c41 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v4, ref again, 4), b1, c41);
            TVector v5 = TLanes.Create(Unsafe.Add(ref a, 5));
            c50 = TLanes.MultiplyAdd(v5, b0, c50);
            c51 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v5, ref again, 5), b1, c51);
            TVector v6 = TLanes.Create(Unsafe.Add(ref a, 6));
            c60 = TLanes.MultiplyAdd(v6, b0, c60);
            c61 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v6, ref again, 6), b1, c61);
            TVector v7 = TLanes.Create(Unsafe.Add(ref a, 7));
            c70 = TLanes.MultiplyAdd(v7, b0, c70);
            c71 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v7, ref again, 7), b1, c71);
            TVector v8 = TLanes.Create(Unsafe.Add(ref a, 8));
            c80 = TLanes.MultiplyAdd(v8, b0, c80);
            c81 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v8, ref again, 8), b1, c81);
            TVector v9 = TLanes.Create(Unsafe.Add(ref a, 9));
            c90 = TLanes.MultiplyAdd(v9, b0, c90);
            c91 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v9, ref again, 9), b1, c91);
            TVector va = TLanes.Create(Unsafe.Add(ref a, 10));
            ca0 = TLanes.MultiplyAdd(va, b0, ca0);
            ca1 = TLanes.MultiplyAdd(Again<TLanes, TVector>(va, ref again, 10), b1, ca1);
            TVector vb = TLanes.Create(Unsafe.Add(ref a, 11));
            cb0 = TLanes.MultiplyAdd(vb, b0, cb0);
            cb1 = TLanes.MultiplyAdd(Again<TLanes, TVector>(vb, ref again, 11), b1, cb1);
            a = ref Unsafe.Add(ref a, 12);
            again = ref Unsafe.Add(ref again, 12);
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

    /// <summary>8 rows by two vectors of a panel; see <see cref="Rows12"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows8<TLanes, TVector>(ref float a, ref float again, ref float panel, int depth, bool isFirst, TileTarget target)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        target.Prefetch<TLanes, TVector>(8);
        TVector c00 = TLanes.Create(0f), c01 = c00;
        TVector c10 = c00, c11 = c00;
        TVector c20 = c00, c21 = c00;
        TVector c30 = c00, c31 = c00;
        TVector c40 = c00, c41 = c00;
        TVector c50 = c00, c51 = c00;
        TVector c60 = c00, c61 = c00;
        TVector c70 = c00, c71 = c00;
        for (nint k = depth; k != 0; k--)
        {
            if (isFirst) PrefetchNextPage<TLanes, TVector>(ref panel);
            TVector b0 = TLanes.Load(ref panel, 0), b1 = TLanes.Load(ref panel, TLanes.Count);
            panel = ref Unsafe.Add(ref panel, Panels.Width);
            TVector v0 = TLanes.Create(a);
            c00 = TLanes.MultiplyAdd(v0, b0, c00);
            c01 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v0, ref again, 0), b1, c01);
            TVector v1 = TLanes.Create(Unsafe.Add(ref a, 1));
            c10 = TLanes.MultiplyAdd(v1, b0, c10);
            c11 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v1, ref again, 1), b1, c11);
            TVector v2 = TLanes.Create(Unsafe.Add(ref a, 2));
            c20 = TLanes.MultiplyAdd(v2, b0, c20);
            c21 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v2, ref again, 2), b1, c21);
            TVector v3 = TLanes.Create(Unsafe.Add(ref a, 3));
            c30 = TLanes.MultiplyAdd(v3, b0, c30);
            c31 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v3, ref again, 3), b1, c31);
            TVector v4 = TLanes.Create(Unsafe.Add(ref a, 4));
            c40 = TLanes.MultiplyAdd(v4, b0, c40);
            c41 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v4, ref again, 4), b1, c41);
            TVector v5 = TLanes.Create(Unsafe.Add(ref a, 5));
            c50 = TLanes.MultiplyAdd(v5, b0, c50);
            c51 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v5, ref again, 5), b1, c51);
            TVector v6 = TLanes.Create(Unsafe.Add(ref a, 6));
            c60 = TLanes.MultiplyAdd(v6, b0, c60);
            c61 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v6, ref again, 6), b1, c61);
            TVector v7 = TLanes.Create(Unsafe.Add(ref a, 7));
            c70 = TLanes.MultiplyAdd(v7, b0, c70);
            c71 = TLanes.MultiplyAdd(Again<TLanes, TVector>(v7, ref again, 7), b1, c71);
            a = ref Unsafe.Add(ref a, 8);
            again = ref Unsafe.Add(ref again, 8);
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

    /// <summary>4 rows of a tile, which is <paramref name="height"/> rows high, by two vectors of a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4<TLanes, TVector>(ref float a, nint height, ref float panel, int depth, TileTarget target)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector c00 = TLanes.Create(0f), c01 = c00;
        TVector c10 = c00, c11 = c00;
        TVector c20 = c00, c21 = c00;
        TVector c30 = c00, c31 = c00;
        for (nint k = depth; k != 0; k--)
        {
            TVector b0 = TLanes.Load(ref panel, 0), b1 = TLanes.Load(ref panel, TLanes.Count);
            panel = ref Unsafe.Add(ref panel, Panels.Width);
            TVector v0 = TLanes.Create(a);
            c00 = TLanes.MultiplyAdd(v0, b0, c00);
            c01 = TLanes.MultiplyAdd(v0, b1, c01);
            TVector v1 = TLanes.Create(Unsafe.Add(ref a, 1));
            c10 = TLanes.MultiplyAdd(v1, b0, c10);
            c11 = TLanes.MultiplyAdd(v1, b1, c11);
            TVector v2 = TLanes.Create(Unsafe.Add(ref a, 2));
            c20 = TLanes.MultiplyAdd(v2, b0, c20);
            c21 = TLanes.MultiplyAdd(v2, b1, c21);
            TVector v3 = TLanes.Create(Unsafe.Add(ref a, 3));
            c30 = TLanes.MultiplyAdd(v3, b0, c30);
            c31 = TLanes.MultiplyAdd(v3, b1, c31);
            a = ref Unsafe.Add(ref a, height);
        }

        target.Put<TLanes, TVector>(0, c00, c01);
        target.Put<TLanes, TVector>(1, c10, c11);
        target.Put<TLanes, TVector>(2, c20, c21);
        target.Put<TLanes, TVector>(3, c30, c31);
    }

    /// <summary>The factor once more: from memory where a multiply-add reads it by itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Again<TLanes, TVector>(TVector value, ref float again, nint row)
        where TLanes : ILanes<TVector>
        where TVector : struct => TLanes.BroadcastsFromMemory ? TLanes.Create(Unsafe.Add(ref again, row)) : value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchNextPage<TLanes, TVector>(ref float panel)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        Prefetch.Line(ref Unsafe.Add(ref panel, Page));
        Prefetch.Line(ref Unsafe.Add(ref panel, Page + TLanes.Count));
    }
}
