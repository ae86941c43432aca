using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>The shape of a <see cref="SequenceLabeler"/>.</summary>
public sealed record SequenceLabelerConfig : NetworkConfig
{
    /// <summary>What reads the sequence; one direction only if labels must come as the input arrives.</summary>
    public required EncoderConfig Encoder { get; init; }

    /// <summary>Classes (C), at least 2.</summary>
    public required int Classes { get; init; }

    /// <inheritdoc/>
    public override Network Build() => new SequenceLabeler(this);
}

/// <summary>
/// Many to many in step: a label for every token or frame, as it arrives if the network has one direction.
/// Embedding (tokens only) → recurrent layers → linear head at every step. Weights: <c>embedding.*</c>, <c>rnn.*</c>, <c>fc.*</c>.
/// </summary>
public sealed class SequenceLabeler : Network
{
    private readonly SequenceEncoder _encoder;
    private readonly StackReader _reader;
    private readonly OutputHead _head;

    /// <summary>Lays out the parameters.</summary>
    public SequenceLabeler(SequenceLabelerConfig config)
    {
        Config = config;
        _encoder = new SequenceEncoder(Parameters, "embedding.", "rnn.", config.Encoder);
        _reader = new StackReader(_encoder.Stack, _encoder.Embedding, readsStepByStep: true);
        _head = new OutputHead(Parameters, "fc.", _encoder.Stack.OutputSize, config.Classes);
        Complete([.. _encoder.Stack.Packables, _reader, .. _head.Packables]);
    }

    /// <inheritdoc/>
    public override SequenceLabelerConfig Config { get; }

    /// <inheritdoc/>
    public override int Outputs => Config.Classes;

    /// <summary>Floats of a row's state; 0 for two directions, whose second one begins at an end that has not come yet.</summary>
    public override int CarriedStateSize => Config.Encoder.Bidirectional ? 0 : _encoder.Stack.StateSize;

    /// <inheritdoc/>
    public override void Initialize(ulong seed)
    {
        var random = new RandomSource(seed);
        _encoder.Initialize(ref random);
        _head.Initialize(ref random);
    }

    /// <inheritdoc/>
    public override NetworkPass CreatePass() => new PerStepPass(_encoder, _reader, _head, Config.Encoder);

    /// <inheritdoc/>
    public override void ScaleLogits(Span<float> values, float factor) => _head.Scale(values, factor);
}
