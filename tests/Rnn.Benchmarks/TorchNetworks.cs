using Rnn.Cells;
using Rnn.Data;
using Rnn.Models;
using TorchSharp;
using TorchSharp.Modules;
using Embedding = TorchSharp.Modules.Embedding;
using Linear = TorchSharp.Modules.Linear;
using static TorchSharp.torch;

namespace Rnn.Benchmarks;

/// <summary>A network with its batch; the prefixes are those of the core's parameter names, which are PyTorch's.</summary>
internal abstract class TorchNetwork
{
    public abstract IReadOnlyList<(string Prefix, nn.Module Module)> Modules { get; }

    /// <summary>The mean loss of the batch.</summary>
    public abstract Tensor Loss();

    public virtual void AfterUpdate()
    {
    }

    /// <summary>Rows of ids to <c>[steps, rows]</c>, the shorter ones padded with 0.</summary>
    protected static Tensor TimeMajor(IReadOnlyList<ReadOnlyMemory<int>> rows)
    {
        int steps = rows.Max(row => row.Length);
        return tensor(Enumerable.Range(0, steps).SelectMany(t => rows.Select(row => t < row.Length ? (long)row.Span[t] : 0)).ToArray(), [steps, rows.Count]);
    }

    protected static Tensor Inputs(ExampleSet examples) => TimeMajor([.. examples.Inputs.Select(input => input.Ids)]);
}

/// <summary>Embedding, recurrence with the state carried on, linear head at every step.</summary>
internal sealed class TorchLanguageModel : TorchNetwork
{
    private readonly Embedding _embedding;
    private readonly nn.Module _recurrence;
    private readonly Linear _head;
    private readonly Tensor _x;
    private readonly Tensor _y;
    private readonly Tensor _h;
    private readonly Tensor _c;
    private Tensor? _hNext;
    private Tensor? _cNext;

    public TorchLanguageModel(LanguageModelConfig config, ExampleSet examples)
    {
        var encoder = config.Encoder;
        _embedding = nn.Embedding(encoder.VocabularySize, encoder.EmbeddingSize);
        _recurrence = encoder.Cell switch
        {
            CellKind.Lstm => nn.LSTM(encoder.EmbeddingSize, encoder.HiddenSize),
            CellKind.Gru => nn.GRU(encoder.EmbeddingSize, encoder.HiddenSize),
            _ => nn.RNN(encoder.EmbeddingSize, encoder.HiddenSize),
        };
        _head = nn.Linear(encoder.HiddenSize, encoder.VocabularySize);
        (_x, _y) = (Inputs(examples), TimeMajor(examples.Targets).view(-1));
        (_h, _c) = (zeros(1, examples.Count, encoder.HiddenSize), zeros(1, examples.Count, encoder.HiddenSize));
        Modules = [("embedding.", _embedding), ("rnn.", _recurrence), ("fc.", _head)];
    }

    public override IReadOnlyList<(string Prefix, nn.Module Module)> Modules { get; }

    public override Tensor Loss()
    {
        var embedded = _embedding.forward(_x);
        Tensor outputs;
        switch (_recurrence)
        {
            case LSTM lstm: (outputs, _hNext, _cNext) = lstm.forward(embedded, (_h, _c)); break;
            case GRU gru: (outputs, _hNext) = gru.forward(embedded, _h); break;
            default: (outputs, _hNext) = ((TorchSharp.Modules.RNN)_recurrence).forward(embedded, _h); break;
        }

        return nn.functional.cross_entropy(_head.forward(outputs).view(-1, _head.weight.shape[0]), _y);
    }

    public override void AfterUpdate()
    {
        using (no_grad())
        {
            _h.copy_(_hNext!);
            if (_cNext is not null) _c.copy_(_cNext);
        }
    }
}

/// <summary>Packed sequences through two layers of both directions; the head reads the last state of each.</summary>
internal sealed class TorchClassifier : TorchNetwork
{
    private readonly Embedding _embedding;
    private readonly LSTM _lstm;
    private readonly Linear _head;
    private readonly Tensor _x;
    private readonly Tensor _lengths;
    private readonly Tensor _y;

    public TorchClassifier(SequenceClassifierConfig config, ExampleSet examples)
    {
        var encoder = config.Encoder;
        _embedding = nn.Embedding(encoder.VocabularySize, encoder.EmbeddingSize);
        _lstm = nn.LSTM(encoder.EmbeddingSize, encoder.HiddenSize, encoder.Layers, bidirectional: true);
        _head = nn.Linear(2 * encoder.HiddenSize, config.Classes);
        _x = Inputs(examples);
        _lengths = tensor(examples.Inputs.Select(input => (long)input.Steps).ToArray());
        _y = tensor(examples.Targets.Select(target => (long)target.Span[0]).ToArray());
        Modules = [("embedding.", _embedding), ("rnn.", _lstm), ("fc.", _head)];
    }

    public override IReadOnlyList<(string Prefix, nn.Module Module)> Modules { get; }

    public override Tensor Loss()
    {
        using var packed = nn.utils.rnn.pack_padded_sequence(_embedding.forward(_x), _lengths);
        var (_, h, _) = _lstm.call(packed);
        return nn.functional.cross_entropy(_head.forward(cat([h[^2], h[^1]], 1)), _y);
    }
}

/// <summary>A bidirectional GRU reads, a GRU with additive attention (Bahdanau et al. 2015) emits; all keys and the head in one product each.</summary>
internal sealed class TorchTranslator : TorchNetwork
{
    private readonly Embedding _sourceEmbedding;
    private readonly Embedding _targetEmbedding;
    private readonly GRU _encoder;
    private readonly GRU _decoder;
    private readonly Linear _bridge;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _v;
    private readonly Linear _head;
    private readonly Tensor _source;
    private readonly Tensor _fed;
    private readonly Tensor _y;

    public TorchTranslator(TranslatorConfig config, ExampleSet examples)
    {
        var (encoder, decoder, memory) = (config.Encoder, config.Decoder, 2 * config.Encoder.HiddenSize);
        _sourceEmbedding = nn.Embedding(encoder.VocabularySize, encoder.EmbeddingSize);
        _targetEmbedding = nn.Embedding(decoder.VocabularySize, decoder.EmbeddingSize);
        _encoder = nn.GRU(encoder.EmbeddingSize, encoder.HiddenSize, bidirectional: true);
        _decoder = nn.GRU(decoder.EmbeddingSize + memory, decoder.HiddenSize);
        _bridge = nn.Linear(memory, decoder.HiddenSize);
        _query = nn.Linear(decoder.HiddenSize, decoder.AttentionSize, hasBias: false);
        _key = nn.Linear(memory, decoder.AttentionSize);
        _v = nn.Linear(decoder.AttentionSize, 1, hasBias: false);
        _head = nn.Linear(decoder.HiddenSize + memory + decoder.EmbeddingSize, decoder.VocabularySize);
        var target = TimeMajor(examples.Targets);
        _source = Inputs(examples);
        _fed = cat([full_like(target[..1], config.Begin), target[..^1]], 0);
        _y = target.view(-1);
        Modules = [("src_embedding.", _sourceEmbedding), ("encoder.", _encoder), ("bridge.", _bridge), ("tgt_embedding.", _targetEmbedding), ("decoder.", _decoder),
            ("attn_query.", _query), ("attn_key.", _key), ("attn_v.", _v), ("out.", _head)];
    }

    public override IReadOnlyList<(string Prefix, nn.Module Module)> Modules { get; }

    public override Tensor Loss()
    {
        var (memory, final) = _encoder.forward(_sourceEmbedding.forward(_source));
        var h = tanh(_bridge.forward(cat([final[0], final[1]], 1)));
        var (keys, values) = (_key.forward(memory), memory.permute(1, 0, 2));
        var embedded = _targetEmbedding.forward(_fed);
        var features = new List<Tensor>();
        for (int t = 0; t < _fed.shape[0]; t++)
        {
            var scores = _v.forward(tanh(keys + _query.forward(h).unsqueeze(0))).squeeze(2);
            var context = bmm(nn.functional.softmax(scores, 0).transpose(0, 1).unsqueeze(1), values).squeeze(1);
            (_, var next) = _decoder.forward(cat([embedded[t], context], 1).unsqueeze(0), h.unsqueeze(0));
            h = next.squeeze(0);
            features.Add(cat([h, context, embedded[t]], 1));
        }

        return nn.functional.cross_entropy(_head.forward(cat(features, 0)), _y);
    }
}
