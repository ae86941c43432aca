using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>The numbers one Adam update needs besides its buffers, bias corrections already worked out in double.</summary>
/// <param name="GradientScale">Factor on every gradient, 1 unless clipped.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Rest1"><c>1 - beta1</c>, from double: in float it would lose digits.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Rest2"><c>1 - beta2</c>.</param>
/// <param name="StepSize"><c>lr / (1 - beta1^t)</c>.</param>
/// <param name="RootCorrection"><c>1 / sqrt(1 - beta2^t)</c>.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="Decay"><c>1 - lr · weight_decay</c> (decoupled, Loshchilov &amp; Hutter 2019); 1 for none.</param>
public readonly record struct AdamCoefficients(float GradientScale, float Beta1, float Rest1, float Beta2, float Rest2, float StepSize, float RootCorrection, float Epsilon, float Decay);

/// <summary>
/// Adam (Kingma &amp; Ba 2015) on flat buffers of equal length:
/// <c>m = β1·m + (1-β1)·g</c>, <c>v = β2·v + (1-β2)·g²</c>, <c>p = decay·p - stepSize · m / (sqrt(v)·rootCorrection + ε)</c>.
/// </summary>
internal static class AdamStep
{
    public static void Update(Span<float> p, ReadOnlySpan<float> g, Span<float> m, Span<float> v, in AdamCoefficients k)
    {
        if (Vector512.IsHardwareAccelerated) Update<Lanes512, Vector512<float>>(p, g, m, v, k);
        else if (Vector256.IsHardwareAccelerated) Update<Lanes256, Vector256<float>>(p, g, m, v, k);
        else Update<Lanes128, Vector128<float>>(p, g, m, v, k);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Update<TLanes, TVector>(Span<float> p, ReadOnlySpan<float> g, Span<float> m, Span<float> v, in AdamCoefficients k)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int count = p.Length;
        ref float p0 = ref MemoryMarshal.GetReference(p);
        ref float g0 = ref MemoryMarshal.GetReference(g[..count]);
        ref float m0 = ref MemoryMarshal.GetReference(m[..count]);
        ref float v0 = ref MemoryMarshal.GetReference(v[..count]);
        nint j = 0;
        for (; j <= count - TLanes.Count; j += TLanes.Count) UpdateAt<TLanes, TVector>(j, ref p0, ref g0, ref m0, ref v0, k);
        for (; j < count; j++) UpdateAt<ScalarLanes, float>(j, ref p0, ref g0, ref m0, ref v0, k);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UpdateAt<TLanes, TVector>(nint j, ref float p, ref float g, ref float m, ref float v, in AdamCoefficients k)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector gradient = TLanes.Multiply(TLanes.Load(ref g, j), TLanes.Create(k.GradientScale));
        TVector first = TLanes.MultiplyAdd(TLanes.Create(k.Rest1), gradient, TLanes.Multiply(TLanes.Load(ref m, j), TLanes.Create(k.Beta1)));
        TVector second = TLanes.MultiplyAdd(TLanes.Multiply(gradient, gradient), TLanes.Create(k.Rest2), TLanes.Multiply(TLanes.Load(ref v, j), TLanes.Create(k.Beta2)));
        TVector denominator = TLanes.MultiplyAdd(TLanes.Sqrt(second), TLanes.Create(k.RootCorrection), TLanes.Create(k.Epsilon));
        TVector value = TLanes.Multiply(TLanes.Load(ref p, j), TLanes.Create(k.Decay));
        TLanes.Store(first, ref m, j);
        TLanes.Store(second, ref v, j);
        TLanes.Store(TLanes.Subtract(value, TLanes.Divide(TLanes.Multiply(TLanes.Create(k.StepSize), first), denominator)), ref p, j);
    }
}
