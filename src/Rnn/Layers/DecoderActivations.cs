namespace Rnn.Layers;

/// <summary>What one pass through an <see cref="AttentiveDecoder"/> leaves behind; belongs to the caller and is reused from pass to pass.</summary>
public sealed class DecoderActivations(StackActivations stack)
{
    /// <summary>What the recurrent layers leave behind; its states must hold the initial states before a pass.</summary>
    public StackActivations Stack => stack;

    /// <summary>What attention looks back at.</summary>
    public AttentionMemory Memory { get; } = new();

    /// <summary>Attention weights <c>[tokens, S]</c>, 0 behind a source's end; empty without attention.</summary>
    public Memory<float> Weights { get; internal set; }

    /// <summary>Where input feeding starts, <c>[rows, H]</c>: the attentional state of the step before the first; empty: zeros.</summary>
    public Memory<float> FedBefore { get; set; }

    /// <summary>Attentional states <c>[tokens, H]</c> of Luong attention: <c>tanh(combine(c, h))</c>.</summary>
    public Memory<float> Attentional { get; internal set; }

    /// <summary>Embedded tokens <c>[tokens, E]</c> after dropout.</summary>
    internal Memory<float> Embedded { get; set; }

    /// <summary>Inputs of the recurrence <c>[tokens, E + fed]</c>.</summary>
    internal Memory<float> X { get; set; }

    /// <summary>Queries <c>[tokens, K]</c>.</summary>
    internal Memory<float> Queries { get; set; }

    /// <summary>Context and state side by side <c>[tokens, M + H]</c>: what makes an attentional state.</summary>
    internal Memory<float> Combined { get; set; }

    /// <summary>What the head reads <c>[tokens, features]</c>, after dropout.</summary>
    internal Memory<float> Features { get; set; }

    /// <summary>Gradient of <see cref="X"/>.</summary>
    internal Memory<float> DX { get; set; }

    /// <summary>Gradient of <see cref="Attentional"/>, later of what its tanh was taken of.</summary>
    internal Memory<float> DAttentional { get; set; }

    /// <summary>Gradient of <see cref="Queries"/>.</summary>
    internal Memory<float> DQueries { get; set; }

    /// <summary>Gradient of additive attention's v.</summary>
    internal Memory<float> DV { get; set; }

    /// <summary>Gradient of one step of <see cref="Combined"/>.</summary>
    internal Memory<float> DCombined { get; set; }

    /// <summary>Gradient of the embedded tokens after a backward pass.</summary>
    internal Memory<float> DEmbedded { get; set; }
}
