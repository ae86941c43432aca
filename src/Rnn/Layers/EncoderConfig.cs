using Rnn.Cells;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>The shape of what reads a sequence: embedding (tokens only) and recurrent layers.</summary>
public sealed record EncoderConfig
{
    /// <summary>Rows of the embedding table; 0 for a network that reads frames.</summary>
    public int VocabularySize { get; init; }

    /// <summary>Values of one frame; 0 for a network that reads tokens.</summary>
    public int FeatureSize { get; init; }

    /// <summary>Features of a token (E); unused for frames.</summary>
    public int EmbeddingSize { get; init; }

    /// <summary>The recurrence.</summary>
    public CellKind Cell { get; init; } = CellKind.Lstm;

    /// <summary>Features of the state (H), per direction.</summary>
    public int HiddenSize { get; init; }

    /// <summary>Layers on top of each other.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Whether a second pass reads from the end.</summary>
    public bool Bidirectional { get; init; }

    /// <summary>Dropout between the layers and before the head.</summary>
    public float Dropout { get; init; }

    /// <summary>Dropout on the embedded tokens.</summary>
    public float EmbeddingDropout { get; init; }

    /// <summary>Whether dropout takes the same features at all steps of a row.</summary>
    public bool VariationalDropout { get; init; }

    /// <summary>How recurrent matrices are drawn.</summary>
    public RecurrentInit RecurrentInit { get; init; }

    /// <summary>How open the gate that keeps the state is at the start.</summary>
    public ForgetBias ForgetBias { get; init; } = 1;

    /// <summary>Features of a step's output: directions × H.</summary>
    internal int OutputSize => Bidirectional ? 2 * HiddenSize : HiddenSize;

    /// <summary>Features that enter the recurrence.</summary>
    internal int InputSize => VocabularySize > 0 ? EmbeddingSize : FeatureSize;
}
