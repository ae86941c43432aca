using System.Runtime.CompilerServices;

namespace Rnn.Kernels;

/// <summary>Where a tile is written and what is added to it on the way: nothing, a bias row, or what already stands there.</summary>
internal readonly ref struct TileTarget(ref float c, nint stride, ref float addend, nint addendStride)
{
    private readonly ref float _c = ref c;
    private readonly ref float _addend = ref addend;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put<TLanes, TVector>(int row, TVector left, TVector right)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        ref float from = ref Unsafe.Add(ref _addend, row * addendStride);
        ref float to = ref Unsafe.Add(ref _c, row * stride);
        TLanes.Store(TLanes.Add(left, TLanes.Load(ref from, 0)), ref to, 0);
        TLanes.Store(TLanes.Add(right, TLanes.Load(ref from, TLanes.Count)), ref to, TLanes.Count);
    }

    /// <summary>Asks for two vectors of each of the first <paramref name="rows"/> where they are added to, so that they are there when the sums are: a large gradient is in no near cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch<TLanes, TVector>(int rows)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        if (addendStride == 0) return;
        for (int row = 0; row < rows; row++)
        {
            ref float from = ref Unsafe.Add(ref _addend, row * addendStride);
            Kernels.Prefetch.Line(ref from);
            Kernels.Prefetch.Line(ref Unsafe.Add(ref from, TLanes.Count));
        }
    }

    /// <summary>The same target, <paramref name="columns"/> further right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TileTarget Right(int columns) =>
        new(ref Unsafe.Add(ref _c, columns), stride, ref Unsafe.Add(ref _addend, columns), addendStride);

    /// <summary>The same target, <paramref name="rows"/> further down.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TileTarget Down(int rows) =>
        new(ref Unsafe.Add(ref _c, rows * stride), stride, ref Unsafe.Add(ref _addend, rows * addendStride), addendStride);
}
