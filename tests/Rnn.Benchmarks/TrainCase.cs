using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;

namespace Rnn.Benchmarks;

/// <summary>A network and the one batch that both sides train it on.</summary>
/// <param name="Name">As the table has it.</param>
/// <param name="Network">The shape.</param>
/// <param name="ShardRows">As the service's default spec has it for a batch of this size.</param>
/// <param name="Examples">The batch.</param>
internal sealed record TrainCase(string Name, NetworkConfig Network, int ShardRows, ExampleSet Examples)
{
    private const int Rows = 64;
    private const int Steps = 64;

    public static IReadOnlyList<TrainCase> All { get; } =
    [
        Text("characters, LSTM, H 256", CellKind.Lstm, 65, 256, 256),
        Text("characters, LSTM, H 256, beside a process that keeps one core busy", CellKind.Lstm, 65, 256, 256) with { IsDisturbed = true },
        Text("characters, LSTM, H 512", CellKind.Lstm, 65, 512, 512),
        Text("characters, tanh, H 128", CellKind.RnnTanh, 65, 128, 128),
        Text("characters, tanh, H 256", CellKind.RnnTanh, 65, 256, 256),
        Text("characters, GRU, H 256", CellKind.Gru, 65, 256, 256),
        Text("words, LSTM, V 10,000, E 64, H 256", CellKind.Lstm, 10_000, 64, 256),
        Sentences(),
        Translation(),
    ];

    /// <summary>Steps that are trained in one update.</summary>
    public int Tokens => Network is SequenceClassifierConfig ? Examples.Inputs.Sum(input => input.Steps) : Examples.Targets.Sum(target => target.Length);

    /// <summary>Floating-point operations of one update: every weight but those looked up is multiplied once forward and twice backward for each step that meets it.</summary>
    public double Operations => Network.Build().Parameters.Parameters.Where(weight => weight.Shape.Count == 2 && !weight.Name.Contains("embedding", StringComparison.Ordinal)).Sum(weight => 6.0 * weight.Length) * Tokens;

    /// <summary>Those that are really done: of a folded embedding the input product is made once for every token of the vocabulary, not for every step.</summary>
    public double OperationsDone
    {
        get
        {
            var parameters = Network.Build().Parameters.Parameters;
            if (Network is not LanguageModelConfig { Encoder: var encoder } || parameters.First(weight => weight.Name == "embedding.weight").IsSparse) return Operations;
            return Operations - (6.0 * parameters.First(weight => weight.Name == "rnn.weight_ih_l0").Length * (Tokens - encoder.VocabularySize));
        }
    }

    /// <summary>Whether another process keeps one core busy meanwhile.</summary>
    public bool IsDisturbed { get; init; }

    /// <summary>Whether the state is carried from update to update.</summary>
    public bool CarriesState => Network is LanguageModelConfig;

    private static TrainCase Text(string name, CellKind cell, int vocabulary, int embedding, int hidden)
    {
        var random = new Random(7);
        var network = new LanguageModelConfig { Encoder = new() { VocabularySize = vocabulary, EmbeddingSize = embedding, Cell = cell, HiddenSize = hidden } };
        return new TrainCase(name, network, 32, new ExampleSet([.. Enumerable.Range(0, Rows).Select(_ => Sequence.OfTokens(Draw(random, vocabulary, Steps), 1))], Targets(random, vocabulary, Steps), Rows));
    }

    /// <summary>Lengths as in a corpus of reviews: 3 to 50 words, 21 on average.</summary>
    private static TrainCase Sentences()
    {
        var random = new Random(7);
        var network = new SequenceClassifierConfig
        {
            Encoder = new() { VocabularySize = 10_000, EmbeddingSize = 128, HiddenSize = 128, Layers = 2, Bidirectional = true },
            Pooling = PoolingKind.Last,
            Classes = 2,
        };
        int[] lengths = [.. Enumerable.Range(0, Rows).Select(_ => Math.Clamp((int)(21 + (9 * (random.NextDouble() + random.NextDouble() + random.NextDouble() + random.NextDouble() - 2) * 1.7)), 3, 50)).OrderDescending()];
        return new TrainCase("sentences of mixed length, 2-layer bidirectional LSTM, H 128", network, 32,
            ExampleSet.OfClasses([.. lengths.Select(length => Sequence.OfTokens(Draw(random, 10_000, length), 1))], [.. lengths.Select(_ => random.Next(2))]));
    }

    /// <summary>All of one length, so that the opponent needs no masks.</summary>
    private static TrainCase Translation()
    {
        var random = new Random(7);
        const int vocabulary = 6_000, length = 14;
        var network = new TranslatorConfig
        {
            Encoder = new() { VocabularySize = vocabulary, EmbeddingSize = 256, Cell = CellKind.Gru, HiddenSize = 256, Bidirectional = true },
            Decoder = new() { VocabularySize = vocabulary, EmbeddingSize = 256, Cell = CellKind.Gru, HiddenSize = 256, Attention = AttentionKind.Additive, AttentionSize = 256 },
            Begin = 1,
            End = 2,
        };
        return new TrainCase("translation, bidirectional GRU, additive attention, H 256", network, 32,
            new ExampleSet([.. Enumerable.Range(0, Rows).Select(_ => Sequence.OfTokens(Draw(random, vocabulary, length), 1))], Targets(random, vocabulary, length)));
    }

    private static ReadOnlyMemory<int>[] Targets(Random random, int vocabulary, int length) => [.. Enumerable.Range(0, Rows).Select(_ => new ReadOnlyMemory<int>(Draw(random, vocabulary, length)))];

    private static int[] Draw(Random random, int vocabulary, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
}
