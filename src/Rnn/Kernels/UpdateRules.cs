using System.Runtime.CompilerServices;

namespace Rnn.Kernels;

/// <summary>Plain gradient descent: the gradient.</summary>
internal readonly struct SgdRule : IUpdateRule
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Step<TLanes, TVector>(nint j, TVector gradient, ref float state0, ref float state1, ref float state2, in UpdateNumbers k)
        where TLanes : ILanes<TVector>
        where TVector : struct => gradient;
}

/// <summary>Momentum (Polyak 1964): <c>b = keep·b + take·g</c>, step b; looking ahead (Nesterov 1983, Sutskever et al. 2013): <c>g + keep·b</c>.</summary>
internal readonly struct MomentumRule : IUpdateRule
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Step<TLanes, TVector>(nint j, TVector gradient, ref float state0, ref float state1, ref float state2, in UpdateNumbers k)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector buffer = Average.Next<TLanes, TVector>(j, ref state0, gradient, k.Keep1, k.Take1);
        return k.Variant ? TLanes.MultiplyAdd(buffer, TLanes.Create(k.Keep1), gradient) : buffer;
    }
}

/// <summary>Adagrad (Duchi et al. 2011): <c>s = s + g²</c>, step <c>g / (√s + ε)</c>.</summary>
internal readonly struct AdagradRule : IUpdateRule
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Step<TLanes, TVector>(nint j, TVector gradient, ref float state0, ref float state1, ref float state2, in UpdateNumbers k)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector sum = Average.Next<TLanes, TVector>(j, ref state0, TLanes.Multiply(gradient, gradient), 1, 1);
        return TLanes.Divide(gradient, TLanes.Add(TLanes.Sqrt(sum), TLanes.Create(k.Epsilon)));
    }
}

/// <summary>RMSprop (Tieleman &amp; Hinton 2012): squares in state 0; centred (Graves 2013) the mean in state 1 is taken off; momentum in state 2.</summary>
internal readonly struct RmsPropRule : IUpdateRule
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Step<TLanes, TVector>(nint j, TVector gradient, ref float state0, ref float state1, ref float state2, in UpdateNumbers k)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector squares = Average.Next<TLanes, TVector>(j, ref state0, TLanes.Multiply(gradient, gradient), k.Keep2, k.Take2);
        if (k.Variant)
        {
            TVector mean = Average.Next<TLanes, TVector>(j, ref state1, gradient, k.Keep2, k.Take2);
            squares = TLanes.Subtract(squares, TLanes.Multiply(mean, mean));
        }

        TVector step = TLanes.Divide(gradient, TLanes.Add(TLanes.Sqrt(squares), TLanes.Create(k.Epsilon)));
        return k.Momentum > 0 ? Average.Next<TLanes, TVector>(j, ref state2, step, k.Momentum, 1) : step;
    }
}

/// <summary>
/// Adam (Kingma &amp; Ba 2015): mean m in state 0, squares v in state 1, step <c>m / (√v·rootScale + ε)</c>; AMSGrad (Reddi et al. 2018) takes the largest v so far, state 2.
/// </summary>
internal readonly struct AdamRule : IUpdateRule
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Step<TLanes, TVector>(nint j, TVector gradient, ref float state0, ref float state1, ref float state2, in UpdateNumbers k)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector mean = Average.Next<TLanes, TVector>(j, ref state0, gradient, k.Keep1, k.Take1);
        TVector squares = Average.Next<TLanes, TVector>(j, ref state1, TLanes.Multiply(gradient, gradient), k.Keep2, k.Take2);
        if (k.Variant)
        {
            squares = TLanes.Max(TLanes.Load(ref state2, j), squares);
            TLanes.Store(squares, ref state2, j);
        }

        return TLanes.Divide(mean, TLanes.MultiplyAdd(TLanes.Sqrt(squares), TLanes.Create(k.RootScale), TLanes.Create(k.Epsilon)));
    }
}

/// <summary>A running average or sum: <c>s = keep·s + take·x</c>.</summary>
internal static class Average
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Next<TLanes, TVector>(nint j, ref float state, TVector value, float keep, float take)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector next = TLanes.MultiplyAdd(TLanes.Create(take), value, TLanes.Multiply(TLanes.Load(ref state, j), TLanes.Create(keep)));
        TLanes.Store(next, ref state, j);
        return next;
    }
}
