using Rnn.Cells;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>What a <see cref="Captioner"/> is fed after its first step.</summary>
public enum Feedback
{
    /// <summary>The value first, then zero vectors: the state alone knows what has been said.</summary>
    Zeros,

    /// <summary>The value again and the token emitted before (Vinyals et al. 2015; the value at every step as in Mao et al. 2015).</summary>
    Outputs,
}

/// <summary>The shape of a <see cref="Captioner"/>.</summary>
public sealed record CaptionerConfig : NetworkConfig
{
    /// <summary>Values of the vector that is described (F).</summary>
    public required int FeatureSize { get; init; }

    /// <summary>Tokens (V).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The token that stands before the first one.</summary>
    public required int Begin { get; init; }

    /// <summary>The token that ends a text.</summary>
    public required int End { get; init; }

    /// <summary>Features of an input step and of an embedded token (E).</summary>
    public required int EmbeddingSize { get; init; }

    /// <summary>What is fed after the first step.</summary>
    public Feedback Feedback { get; init; }

    /// <summary>The recurrence.</summary>
    public CellKind Cell { get; init; } = CellKind.Lstm;

    /// <summary>Features of the state (H).</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Layers on top of each other.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Whether the output layer is the embedding table; only where outputs are fed back.</summary>
    public bool TieWeights { get; init; }

    /// <summary>Dropout between the layers and before the head.</summary>
    public float Dropout { get; init; }

    /// <summary>Dropout on the input of every step.</summary>
    public float EmbeddingDropout { get; init; }

    /// <summary>Whether dropout takes the same features at all steps of a row.</summary>
    public bool VariationalDropout { get; init; }

    /// <summary>How recurrent matrices are drawn.</summary>
    public RecurrentInit RecurrentInit { get; init; }

    /// <summary>How open the gate that keeps the state is at the start.</summary>
    public ForgetBias ForgetBias { get; init; } = 1;

    /// <inheritdoc/>
    public override Network Build() => new Captioner(this);
}
