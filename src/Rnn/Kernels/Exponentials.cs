using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>The numerators of a stable softmax, in two passes over a row.</summary>
internal static class Exponentials
{
    /// <summary>Beyond this distance from the maximum a numerator is 0: so is that of a class at minus infinity.</summary>
    private const float Farthest = 87;

    /// <summary>Replaces every x by <c>e^(x - max)</c>, to 2e-7 relative, 0 where that is below e^-87; returns the maximum and the sum of what it wrote. The row may not be empty.</summary>
    public static (float Max, float Sum) Replace(Span<float> row) =>
        Vector512.IsHardwareAccelerated ? Replace<Lanes512, Vector512<float>>(row)
        : Vector256.IsHardwareAccelerated ? Replace<Lanes256, Vector256<float>>(row)
        : Replace<Lanes128, Vector128<float>>(row);

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static (float Max, float Sum) Replace<TLanes, TVector>(Span<float> row)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        float most = TensorPrimitives.Max<float>(row);
        Span<float> lanes = stackalloc float[TLanes.Count];
        if (row.Length < TLanes.Count)
        {
            // Filled up with what adds nothing to a sum.
            lanes.Fill(float.NegativeInfinity);
            row.CopyTo(lanes);
            (_, float few) = Replace<TLanes, TVector>(lanes, most);
            lanes[..row.Length].CopyTo(row);
            return (most, few);
        }

        return Replace<TLanes, TVector>(row, most);
    }

    /// <summary>Of at least one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (float Max, float Sum) Replace<TLanes, TVector>(Span<float> row, float most)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector max = TLanes.Create(most), sum = TLanes.Create(0f);
        ref float x = ref MemoryMarshal.GetReference(row);
        int whole = row.Length / TLanes.Count * TLanes.Count, last = row.Length - TLanes.Count;
        // The last vector overlaps the one before: its values are taken before they are replaced, and counted where they are new.
        TVector end = Numerator<TLanes, TVector>(TLanes.Load(ref x, last), max);
        for (nint j = 0; j < whole; j += TLanes.Count)
        {
            TVector value = Numerator<TLanes, TVector>(TLanes.Load(ref x, j), max);
            TLanes.Store(value, ref x, j);
            sum = TLanes.Add(sum, value);
        }

        TLanes.Store(end, ref x, last);
        sum = TLanes.MultiplyAdd(end, TLanes.Load(ref MemoryMarshal.GetReference(ZerosThenOnes), (ZerosThenOnes.Length / 2) - TLanes.Count + row.Length - whole), sum);
        Span<float> lanes = stackalloc float[TLanes.Count];
        TLanes.Store(sum, ref MemoryMarshal.GetReference(lanes), 0);
        return (most, TensorPrimitives.Sum<float>(lanes));
    }

    private static ReadOnlySpan<float> ZerosThenOnes => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Numerator<TLanes, TVector>(TVector x, TVector max)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector difference = TLanes.Subtract(x, max);
        return TLanes.Multiply(Activations.Exp<TLanes, TVector>(difference), TLanes.IsPositive(TLanes.Add(difference, TLanes.Create(Farthest))));
    }
}
