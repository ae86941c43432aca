using Rnn.Cells;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>The shape of an <see cref="AttentiveDecoder"/>.</summary>
public sealed record DecoderConfig
{
    /// <summary>Tokens (V).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Features of an embedded token (E).</summary>
    public required int EmbeddingSize { get; init; }

    /// <summary>The recurrence.</summary>
    public CellKind Cell { get; init; } = CellKind.Gru;

    /// <summary>Features of the state (H).</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Layers on top of each other.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>How it looks back at what was read.</summary>
    public AttentionKind Attention { get; init; }

    /// <summary>Features of an encoder's output (M).</summary>
    public int MemorySize { get; init; }

    /// <summary>Hidden features of additive attention (K).</summary>
    public int AttentionSize { get; init; }

    /// <summary>Whether the attentional state is an input of the next step (Luong et al. 2015, 3.3); one layer, dot or general attention.</summary>
    public bool InputFeeding { get; init; }

    /// <summary>Whether the output layer is the embedding table (Press &amp; Wolf 2017).</summary>
    public bool TieWeights { get; init; }

    /// <summary>Dropout between the layers and before the head.</summary>
    public float Dropout { get; init; }

    /// <summary>Dropout on the embedded tokens.</summary>
    public float EmbeddingDropout { get; init; }

    /// <summary>One dropout mask for all steps of a row (Gal &amp; Ghahramani 2016).</summary>
    public bool VariationalDropout { get; init; }

    /// <summary>How recurrent matrices are drawn.</summary>
    public RecurrentInit RecurrentInit { get; init; }

    /// <summary>How open the gate that keeps the state is at the start.</summary>
    public ForgetBias ForgetBias { get; init; } = 1;

    /// <summary>Whether the state before a step asks, or the one after it.</summary>
    internal bool AsksBefore => Attention == AttentionKind.Additive;

    /// <summary>Whether the state after a step asks.</summary>
    internal bool AsksAfter => Attention is AttentionKind.Dot or AttentionKind.General;

    /// <summary>Features of a step's input beside the embedded token.</summary>
    internal int FedSize => AsksBefore ? MemorySize : InputFeeding ? HiddenSize : 0;

    /// <summary>Features that reach the head.</summary>
    internal int FeatureSize => AsksBefore ? HiddenSize + MemorySize + EmbeddingSize : HiddenSize;

    /// <exception cref="ArgumentException">The parts do not fit each other.</exception>
    internal void Check()
    {
        if (InputFeeding && (!AsksAfter || Layers > 1)) throw new ArgumentException($"Input feeding needs dot or general attention and one layer; there are {Attention} attention and {Layers} layers.");
    }
}
