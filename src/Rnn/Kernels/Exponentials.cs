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
        TVector max = TLanes.Create(most);
        TVector sum = TLanes.Create(0f);
        ref float x = ref MemoryMarshal.GetReference(row);
        int whole = row.Length / TLanes.Count * TLanes.Count;
        for (nint j = 0; j < whole; j += TLanes.Count) sum = TLanes.Add(sum, ReplaceAt<TLanes, TVector>(ref x, j, max));

        Span<float> rest = stackalloc float[TLanes.Count];
        ref float r = ref MemoryMarshal.GetReference(rest);
        if (whole < row.Length)
        {
            // Filled up with what adds nothing to a sum.
            TLanes.Store(TLanes.Create(float.NegativeInfinity), ref r, 0);
            for (int j = whole; j < row.Length; j++) rest[j - whole] = row[j];
            sum = TLanes.Add(sum, ReplaceAt<TLanes, TVector>(ref r, 0, max));
            for (int j = whole; j < row.Length; j++) row[j] = rest[j - whole];
        }

        TLanes.Store(sum, ref r, 0);
        return (most, TensorPrimitives.Sum<float>(rest));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ReplaceAt<TLanes, TVector>(ref float x, nint j, TVector max)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector difference = TLanes.Subtract(TLanes.Load(ref x, j), max);
        TVector value = TLanes.Multiply(Activations.Exp<TLanes, TVector>(difference), TLanes.IsPositive(TLanes.Add(difference, TLanes.Create(Farthest))));
        TLanes.Store(value, ref x, j);
        return value;
    }
}
