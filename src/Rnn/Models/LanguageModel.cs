using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>The shape of a <see cref="LanguageModel"/>.</summary>
public sealed record LanguageModelConfig : NetworkConfig
{
    /// <summary>Embedding and recurrence, one direction.</summary>
    public required EncoderConfig Encoder { get; init; }

    /// <summary>The token a text begins after; <see cref="Sequence.NoId"/> where it begins with nothing in particular.</summary>
    public int Begin { get; init; } = Sequence.NoId;

    /// <summary>The token that ends a text; <see cref="Sequence.NoId"/> for a stream without ends.</summary>
    public int End { get; init; } = Sequence.NoId;

    /// <summary>Whether the output layer is the embedding table (Press &amp; Wolf 2017).</summary>
    public bool TieWeights { get; init; }

    /// <inheritdoc/>
    public override Network Build() => new LanguageModel(this);
}

/// <summary>
/// The next token of a text from all before it (Mikolov et al. 2010). Trained on windows of a continuous stream with the state carried on (truncated
/// backpropagation through time, Williams &amp; Peng 1990); in use each output is the next input. Weights: <c>embedding.*</c>, <c>rnn.*</c>, <c>fc.*</c>.
/// </summary>
public sealed class LanguageModel : Network
{
    private readonly SequenceEncoder _encoder;
    private readonly StackReader _reader;
    private readonly OutputHead _head;

    /// <summary>Lays out the parameters.</summary>
    /// <exception cref="ArgumentException">Two directions: the second would read the answer.</exception>
    public LanguageModel(LanguageModelConfig config)
    {
        if (config.Encoder.Bidirectional) throw new ArgumentException("A language model reads in one direction: the other would see the next token.", nameof(config));
        Config = config;
        _encoder = new SequenceEncoder(Parameters, "embedding.", "rnn.", config.Encoder, sharesEmbedding: config.TieWeights);
        _reader = new StackReader(_encoder.Stack, _encoder.Embedding, readsStepByStep: true);
        _head = new OutputHead(Parameters, "fc.", _encoder.Stack.OutputSize, config.Encoder.VocabularySize, config.TieWeights ? _encoder.Embedding!.Weight : null);
        Complete([.. _encoder.Stack.Packables, _reader, .. _head.Packables]);
    }

    /// <inheritdoc/>
    public override LanguageModelConfig Config { get; }

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
    public override NetworkPass CreatePass() => new PerStepPass(_encoder, _reader, _head, Config.Encoder);

    /// <inheritdoc/>
    public override TokenDecoder CreateDecoder(Sequence? input) => new Decoder(this);

    private sealed class Decoder(LanguageModel network) : TokenDecoder(network.Outputs, network.CarriedStateSize, network.Config.Begin, network.Config.End)
    {
        private readonly StackActivations _stack = network._encoder.Stack.CreateActivations();

        public override void Start(Span<float> state) => state.Clear();

        public override void Advance(ReadOnlySpan<int> tokens, Span<float> states, Span<float> logits)
        {
            Workspace.Reset();
            SequenceLayout layout = OneStep(tokens.Length);
            network._encoder.Stack.LoadStates(states, StateSize, RowIds, _stack.States, Workspace);
            network._reader.Read(tokens, 1, default, layout, _stack, Workspace);
            network._encoder.Stack.StoreStates(states, StateSize, RowIds, _stack.States);
            network._head.Forward(_stack.Top, tokens.Length, logits, Workspace);
        }
    }
}
