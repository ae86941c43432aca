using System.Runtime.Intrinsics;
using Rnn.Kernels;

namespace Rnn.Tests.Kernels;

/// <summary>Every vector width a kernel is compiled for. All run on every machine: a width the processor lacks is done in halves.</summary>
public enum Width
{
    Scalar,
    Vector128,
    Vector256,
    Vector512,
}

/// <summary>A call of a kernel, to be made at a width chosen at run time.</summary>
internal interface IKernelCall
{
    void Run<TLanes, TVector>()
        where TLanes : ILanes<TVector>
        where TVector : struct;
}

internal static class Widths
{
    public static void Run(this IKernelCall call, Width width)
    {
        switch (width)
        {
            case Width.Scalar: call.Run<ScalarLanes, float>(); break;
            case Width.Vector128: call.Run<Lanes128, Vector128<float>>(); break;
            case Width.Vector256: call.Run<Lanes256, Vector256<float>>(); break;
            case Width.Vector512: call.Run<Lanes512, Vector512<float>>(); break;
            default: throw new ArgumentOutOfRangeException(nameof(width), width, "unknown width");
        }
    }

    public static float[] Random(int count, int seed, double scale = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2 - 1) * scale))];
    }

    /// <summary>Equal bits; the sign of zero counts, and so does NaN.</summary>
    public static void AssertSameBits(ReadOnlySpan<float> want, ReadOnlySpan<float> got, string what)
    {
        Assert.Equal(want.Length, got.Length);
        for (var i = 0; i < want.Length; i++)
            Assert.True(BitConverter.SingleToInt32Bits(want[i]) == BitConverter.SingleToInt32Bits(got[i]), $"{what}[{i}]: {got[i]:R}, expected exactly {want[i]:R}");
    }
}
