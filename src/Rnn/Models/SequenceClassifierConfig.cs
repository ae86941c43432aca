using Rnn.Layers;

namespace Rnn.Models;

/// <summary>The shape of a <see cref="SequenceClassifier"/>: everything that fixes its parameters and its mathematics.</summary>
public sealed record SequenceClassifierConfig : NetworkConfig
{
    /// <summary>What reads the sequence.</summary>
    public required EncoderConfig Encoder { get; init; }

    /// <summary>How the steps become one vector.</summary>
    public PoolingKind Pooling { get; init; }

    /// <summary>Classes (C), at least 2.</summary>
    public required int Classes { get; init; }

    /// <inheritdoc/>
    public override Network Build() => new SequenceClassifier(this);
}
