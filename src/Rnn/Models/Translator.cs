using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>The shape of a <see cref="Translator"/>.</summary>
public sealed record TranslatorConfig : NetworkConfig
{
    /// <summary>What reads the source.</summary>
    public required EncoderConfig Encoder { get; init; }

    /// <summary>What emits the target; the size of its memory follows from the encoder.</summary>
    public required DecoderConfig Decoder { get; init; }

    /// <summary>The token that stands before the first one.</summary>
    public required int Begin { get; init; }

    /// <summary>The token that ends a text.</summary>
    public required int End { get; init; }

    /// <inheritdoc/>
    public override Network Build() => new Translator(this);
}

/// <summary>
/// Many to many, read all then emit: an encoder reads the source, a decoder emits the target (Sutskever et al. 2014), looking back with attention if it has any
/// (Bahdanau et al. 2015, Luong et al. 2015). Weights: <c>src_embedding.*</c>, <c>encoder.*</c>, <c>bridge*.*</c> (<see cref="Layers.Bridge"/>) and those of <see cref="AttentiveDecoder"/>.
/// </summary>
public sealed class Translator : Network
{
    /// <summary>Lays out the parameters.</summary>
    /// <exception cref="ArgumentException">The parts of the shape do not fit each other.</exception>
    public Translator(TranslatorConfig config)
    {
        config = config with { Decoder = config.Decoder with { MemorySize = config.Encoder.OutputSize } };
        Config = config;
        Encoder = new SequenceEncoder(Parameters, "src_embedding.", "encoder.", config.Encoder);
        Bridge = new Bridge(Parameters, config.Encoder, config.Decoder);
        Decoder = new AttentiveDecoder(Parameters, config.Decoder);
        Complete([.. Encoder.Stack.Packables, .. Bridge.Packables, .. Decoder.Packables]);
    }

    /// <inheritdoc/>
    public override TranslatorConfig Config { get; }

    /// <inheritdoc/>
    public override int Outputs => Config.Decoder.VocabularySize;

    /// <inheritdoc/>
    public override bool EmitsTokens => true;

    internal SequenceEncoder Encoder { get; }

    internal Bridge Bridge { get; }

    internal AttentiveDecoder Decoder { get; }

    /// <inheritdoc/>
    public override void Initialize(ulong seed)
    {
        var random = new RandomSource(seed);
        Encoder.Initialize(ref random);
        Bridge.Initialize(ref random);
        Decoder.Initialize(ref random);
    }

    /// <inheritdoc/>
    public override NetworkPass CreatePass() => new TranslatorPass(this);

    /// <inheritdoc/>
    public override TokenDecoder CreateDecoder(Sequence? input) =>
        new TranslatorDecoder(this, input ?? throw new ArgumentNullException(nameof(input), "A translator needs a source to read."));
}
