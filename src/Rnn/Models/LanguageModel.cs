using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>The shape of a <see cref="LanguageModel"/>.</summary>
public sealed record LanguageModelConfig
{
    /// <summary>Embedding and recurrence, one direction.</summary>
    public required EncoderConfig Encoder { get; init; }

    /// <summary>Whether the output layer is the embedding table (Press &amp; Wolf 2017).</summary>
    public bool TieWeights { get; init; }
}

/// <summary>
/// The next token of a text from all before it (Mikolov et al. 2010). Trained on windows of a continuous stream with the state carried on (truncated
/// backpropagation through time, Williams &amp; Peng 1990); in use each output is the next input. Weights: <c>embedding.*</c>, <c>rnn.*</c>, <c>fc.*</c>.
/// </summary>
public sealed class LanguageModel : Network
{
    private readonly SequenceEncoder _encoder;
    private readonly OutputHead _head;

    /// <summary>Lays out the parameters.</summary>
    /// <exception cref="ArgumentException">Two directions: the second would read the answer.</exception>
    public LanguageModel(LanguageModelConfig config)
    {
        if (config.Encoder.Bidirectional) throw new ArgumentException("A language model reads in one direction: the other would see the next token.", nameof(config));
        Config = config;
        _encoder = new SequenceEncoder(Parameters, "embedding.", "rnn.", config.Encoder, sharesEmbedding: config.TieWeights);
        _head = new OutputHead(Parameters, "fc.", _encoder.Stack.OutputSize, config.Encoder.VocabularySize, config.TieWeights ? _encoder.Embedding!.Weight : null);
        Complete([.. _encoder.Stack.Cells, .. _head.Packables]);
    }

    /// <summary>The shape.</summary>
    public LanguageModelConfig Config { get; }

    /// <inheritdoc/>
    public override int Outputs => Config.Encoder.VocabularySize;

    /// <inheritdoc/>
    public override bool EmitsTokens => true;

    /// <inheritdoc/>
    public override int CarriedStateSize => _encoder.Stack.StateSize;

    /// <inheritdoc/>
    public override void Initialize(ulong seed)
    {
        var random = new RandomSource(seed);
        _encoder.Initialize(ref random);
        _head.Initialize(ref random);
    }

    /// <inheritdoc/>
    public override NetworkPass CreatePass() => new PerStepPass(_encoder, _head, Config.Encoder.Dropout);
}
