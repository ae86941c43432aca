using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Kernels;

/// <summary>The numbers one update needs besides its buffers, worked out in double once per step. A rule reads those it knows.</summary>
public readonly record struct UpdateNumbers()
{
    /// <summary>Factor on every gradient: 1, or less where the norm was clipped.</summary>
    public float GradientScale { get; init; } = 1;

    /// <summary>Largest absolute gradient, after scaling; infinity clips nothing.</summary>
    public float GradientLimit { get; init; } = float.PositiveInfinity;

    /// <summary>Share of the value added to its gradient (L2 penalty).</summary>
    public float Penalty { get; init; }

    /// <summary>Factor on the value before the step (decoupled decay: <c>1 - lr · weight_decay</c>).</summary>
    public float Decay { get; init; } = 1;

    /// <summary>Factor on the step.</summary>
    public float StepSize { get; init; }

    /// <summary>How much of the first average (or the momentum) is kept.</summary>
    public float Keep1 { get; init; }

    /// <summary>How much of the gradient joins it.</summary>
    public float Take1 { get; init; }

    /// <summary>How much of the average of squares is kept.</summary>
    public float Keep2 { get; init; }

    /// <summary>How much of the squared gradient joins it.</summary>
    public float Take2 { get; init; }

    /// <summary>Factor on the root of the squares.</summary>
    public float RootScale { get; init; } = 1;

    /// <summary>Added to that root.</summary>
    public float Epsilon { get; init; }

    /// <summary>Nesterov's look ahead, AMSGrad's maximum, RMSprop's centring.</summary>
    public bool Variant { get; init; }

    /// <summary>Momentum of RMSprop; 0 keeps no buffer for it.</summary>
    public float Momentum { get; init; }
}

/// <summary>What an optimizer subtracts from a value; up to three state buffers belong to it.</summary>
internal interface IUpdateRule
{
    /// <summary>The step for the values from <paramref name="j"/> on, before <see cref="UpdateNumbers.StepSize"/>; moves the state on.</summary>
    static abstract TVector Step<TLanes, TVector>(nint j, TVector gradient, ref float state0, ref float state1, ref float state2, in UpdateNumbers k)
        where TLanes : ILanes<TVector>
        where TVector : struct;
}

/// <summary>
/// One update of flat buffers of equal length, whatever the rule:
/// <c>g = clamp(scale · g, ±limit) + penalty · p</c>, <c>p = decay · p - stepSize · rule(g)</c>.
/// </summary>
internal static class UpdateStep
{
    public static void Update<TRule>(Span<float> p, ReadOnlySpan<float> g, Span<float> state0, Span<float> state1, Span<float> state2, in UpdateNumbers k)
        where TRule : IUpdateRule
    {
        if (Vector512.IsHardwareAccelerated) Update<TRule, Lanes512, Vector512<float>>(p, g, state0, state1, state2, k);
        else if (Vector256.IsHardwareAccelerated) Update<TRule, Lanes256, Vector256<float>>(p, g, state0, state1, state2, k);
        else Update<TRule, Lanes128, Vector128<float>>(p, g, state0, state1, state2, k);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Update<TRule, TLanes, TVector>(Span<float> p, ReadOnlySpan<float> g, Span<float> state0, Span<float> state1, Span<float> state2, in UpdateNumbers k)
        where TRule : IUpdateRule
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int count = p.Length;
        ref float p0 = ref MemoryMarshal.GetReference(p);
        ref float g0 = ref MemoryMarshal.GetReference(g[..count]);
        ref float s0 = ref State(state0, count);
        ref float s1 = ref State(state1, count);
        ref float s2 = ref State(state2, count);
        nint j = 0;
        for (; j <= count - TLanes.Count; j += TLanes.Count) UpdateAt<TRule, TLanes, TVector>(j, ref p0, ref g0, ref s0, ref s1, ref s2, k);
        for (; j < count; j++) UpdateAt<TRule, ScalarLanes, float>(j, ref p0, ref g0, ref s0, ref s1, ref s2, k);
    }

    /// <summary>A rule never touches a buffer it was not given.</summary>
    private static ref float State(Span<float> state, int count) => ref MemoryMarshal.GetReference(state.IsEmpty ? state : state[..count]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UpdateAt<TRule, TLanes, TVector>(nint j, ref float p, ref float g, ref float s0, ref float s1, ref float s2, in UpdateNumbers k)
        where TRule : IUpdateRule
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector value = TLanes.Load(ref p, j);
        TVector gradient = TLanes.Multiply(TLanes.Load(ref g, j), TLanes.Create(k.GradientScale));
        gradient = TLanes.Max(TLanes.Min(gradient, TLanes.Create(k.GradientLimit)), TLanes.Create(-k.GradientLimit));
        gradient = TLanes.MultiplyAdd(value, TLanes.Create(k.Penalty), gradient);
        TVector step = TRule.Step<TLanes, TVector>(j, gradient, ref s0, ref s1, ref s2, k);
        TLanes.Store(TLanes.Subtract(TLanes.Multiply(value, TLanes.Create(k.Decay)), TLanes.Multiply(step, TLanes.Create(k.StepSize))), ref p, j);
    }
}
