using System.Runtime.CompilerServices;

namespace Rnn.Kernels;

/// <summary>
/// exp, tanh and the logistic sigmoid as inlined polynomials for every vector width.
/// Maximum errors against the double-precision functions, checked by the tests over the whole float range:
/// exp 2e-7 relative on [-87, 88]; tanh 4e-7 relative (also near 0, where 1 - 2 / (e^2x + 1) would lose all digits; absolute below 1e-35, where products go subnormal);
/// sigmoid 2e-7 relative on [-87, ∞).
/// </summary>
internal static class Activations
{
    /// <summary><c>e^x</c>, x clamped to [-87.3, 88.3]. Range reduction by ln 2 and a degree-6 polynomial (Cephes, Moshier 1989).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp<TLanes, TVector>(TVector x)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        x = TLanes.Max(TLanes.Min(x, TLanes.Create(88.3f)), TLanes.Create(-87.3f));
        TVector n = TLanes.Round(TLanes.Multiply(x, TLanes.Create(1.44269504f)));
        TVector r = TLanes.MultiplyAdd(n, TLanes.Create(-0.693359375f), x);
        r = TLanes.MultiplyAdd(n, TLanes.Create(2.12194440e-4f), r);
        TVector p = TLanes.Create(1.9875691500e-4f);
        p = TLanes.MultiplyAdd(p, r, TLanes.Create(1.3981999507e-3f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Create(8.3334519073e-3f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Create(4.1665795894e-2f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Create(1.6666665459e-1f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Create(5.0000001201e-1f));
        p = TLanes.MultiplyAdd(TLanes.Multiply(r, r), p, r);
        return TLanes.Scale(TLanes.Add(p, TLanes.Create(1f)), n);
    }

    /// <summary><c>1 / (1 + e^-x)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid<TLanes, TVector>(TVector x)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector one = TLanes.Create(1f);
        return TLanes.Divide(one, TLanes.Add(one, Exp<TLanes, TVector>(TLanes.Subtract(TLanes.Create(0f), x))));
    }

    /// <summary>Hyperbolic tangent: an odd rational minimax approximation of degree 13/6 on [-7.9, 7.9], constant outside (as in Eigen 3).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Tanh<TLanes, TVector>(TVector x)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        x = TLanes.Max(TLanes.Min(x, TLanes.Create(7.90531110763549805f)), TLanes.Create(-7.90531110763549805f));
        TVector x2 = TLanes.Multiply(x, x);
        TVector p = TLanes.Create(-2.76076847742355e-16f);
        p = TLanes.MultiplyAdd(p, x2, TLanes.Create(2.00018790482477e-13f));
        p = TLanes.MultiplyAdd(p, x2, TLanes.Create(-8.60467152213735e-11f));
        p = TLanes.MultiplyAdd(p, x2, TLanes.Create(5.12229709037114e-08f));
        p = TLanes.MultiplyAdd(p, x2, TLanes.Create(1.48572235717979e-05f));
        p = TLanes.MultiplyAdd(p, x2, TLanes.Create(6.37261928875436e-04f));
        p = TLanes.MultiplyAdd(p, x2, TLanes.Create(4.89352455891786e-03f));
        TVector q = TLanes.Create(1.19825839466702e-06f);
        q = TLanes.MultiplyAdd(q, x2, TLanes.Create(1.18534705686654e-04f));
        q = TLanes.MultiplyAdd(q, x2, TLanes.Create(2.26843463243900e-03f));
        q = TLanes.MultiplyAdd(q, x2, TLanes.Create(4.89352518554385e-03f));
        return TLanes.Divide(TLanes.Multiply(x, p), q);
    }
}
