using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Training;
using RnnService.Storage;

namespace RnnService.Tests.Predictions;

/// <summary>Small models that write: one per task and shape, trained in a moment or, where the words do not matter, not at all.</summary>
internal static class GenerateModels
{
    public const int MaxTokens = 37;

    public static readonly (float[] Features, string Text)[] Captions =
        [([1, 0, 0], "a red ball, at rest."), ([0, 1, 0], "a green ball rolls"), ([0, 0, 1], "nothing to see!"), ([1, 1, 0], "a red ball rolls, and a green ball too")];

    public static readonly (string Source, string Target)[] Translations =
        [("one cat sleeps", "eine Katze schläft."), ("two cats sleep", "zwei Katzen schlafen."), ("one dog runs", "ein Hund rennt!"), ("two dogs run", "zwei Hunde rennen!"), ("one dog sleeps", "ein Hund schläft.")];

    private const string Verse = "the cat sat on the mat. the dog sat on the cat. the mat was flat, and that was that. ";

    private static readonly TokenizerConfig s_writing = new() { Lowercase = false, KeepSpaces = true };

    /// <summary>All of them, under names of their own.</summary>
    public static async Task PublishAllAsync(RunningService service)
    {
        var models = new PublishedModels(service);
        await models.PublishAsync("language", LearningTask.LanguageModeling, Language());
        await models.PublishAsync("ended", LearningTask.LanguageModeling, Ended());
        await models.PublishAsync("zeros", LearningTask.Captioning, Caption(Feedback.Zeros));
        await models.PublishAsync("outputs", LearningTask.Captioning, Caption(Feedback.Outputs));
        await models.PublishAsync("boundless", LearningTask.Captioning, Caption(Feedback.Zeros, CellKind.RnnRelu));
        await models.PublishAsync("translate", LearningTask.Translation, Translate(AttentionKind.Additive));
        await models.PublishAsync("fixed", LearningTask.Translation, Translate(AttentionKind.None));
        await models.PublishAsync("untrained", LearningTask.Translation, Untrained());
        await models.PublishAsync("sentiment", LearningTask.SequenceClassification, Classifier());
    }

    /// <summary>A language model of characters over a stream without beginning or end.</summary>
    public static TrainedModel Language()
    {
        var tokenizer = Tokenizer.Train([Verse], new TokenizerConfig { Kind = TokenizerKind.Char, Lowercase = false });
        var network = new LanguageModel(new() { Encoder = new() { VocabularySize = tokenizer.EmissionSize, EmbeddingSize = 12, Cell = CellKind.Lstm, HiddenSize = 24 } });
        int[] ids = [.. Enumerable.Repeat(tokenizer.Encode(Verse).Ids.ToArray(), 4).SelectMany(one => one)];
        const int window = 20;
        var starts = Enumerable.Range(0, (ids.Length - 1) / window).Select(i => i * window).ToArray();
        var stream = new ExampleSet(
            [.. starts.Select(start => Sequence.OfTokens(ids.AsMemory(start, window)))], [.. starts.Select(start => (ReadOnlyMemory<int>)ids.AsMemory(start + 1, window))], lanes: 1);
        Train(network, stream, epochs: 8);
        return new TrainedModel(network, new Codec(tokenizer, null, [], tokenizer));
    }

    /// <summary>A language model of words that knows where texts begin and end.</summary>
    public static TrainedModel Ended()
    {
        string[] texts = ["good morning, world.", "good evening, world.", "good night."];
        var tokenizer = Tokenizer.Train(texts, s_writing);
        var network = new LanguageModel(new()
        {
            Encoder = new() { VocabularySize = tokenizer.EmissionSize, EmbeddingSize = 8, Cell = CellKind.Gru, HiddenSize = 16 },
            Begin = tokenizer.Begin,
            End = tokenizer.End,
        });
        int[][] targets = [.. texts.Select(tokenizer.EncodeTarget)];
        Train(network, new ExampleSet([.. targets.Select(target => Sequence.OfTokens([tokenizer.Begin, .. target[..^1]]))], [.. targets.Select(target => (ReadOnlyMemory<int>)target)]), epochs: 60);
        return new TrainedModel(network, new Codec(tokenizer, null, [], tokenizer));
    }

    /// <summary>Describes four vectors.</summary>
    public static TrainedModel Caption(Feedback feedback, CellKind cell = CellKind.Lstm)
    {
        var tokenizer = Tokenizer.Train(Captions.Select(one => one.Text), s_writing);
        var network = new Captioner(new()
        {
            FeatureSize = 3,
            VocabularySize = tokenizer.EmissionSize,
            Begin = tokenizer.Begin,
            End = tokenizer.End,
            EmbeddingSize = 12,
            Cell = cell,
            HiddenSize = 24,
            Feedback = feedback,
        });
        Sequence[] vectors = [.. Captions.Select(one => Sequence.OfFrames(one.Features, 3))];
        var scaler = FrameScaler.Fit(vectors, Scaling.Standard);
        Train(network, new ExampleSet([.. vectors.Select(scaler.Apply)], [.. Captions.Select(one => (ReadOnlyMemory<int>)tokenizer.EncodeTarget(one.Text))]), epochs: 200);
        return new TrainedModel(network, new Codec(null, scaler, [], tokenizer, MaxTokens));
    }

    /// <summary>Translates five sentences.</summary>
    public static TrainedModel Translate(AttentionKind attention)
    {
        var source = Tokenizer.Train(Translations.Select(one => one.Source), new TokenizerConfig());
        var target = Tokenizer.Train(Translations.Select(one => one.Target), s_writing);
        var network = Translator(source, target, attention);
        Train(network, new ExampleSet([.. Translations.Select(one => source.Encode(one.Source))], [.. Translations.Select(one => (ReadOnlyMemory<int>)target.EncodeTarget(one.Target))]), epochs: 200);
        return new TrainedModel(network, new Codec(source, null, [], target, MaxTokens));
    }

    /// <summary>Writes nonsense of letters: what a beam finds differs from greedy.</summary>
    public static TrainedModel Untrained()
    {
        var tokenizer = Tokenizer.Train(["abcdefgh"], new TokenizerConfig { Kind = TokenizerKind.Char });
        var network = Translator(tokenizer, tokenizer, AttentionKind.General);
        network.Initialize(5);
        // Far from uniform, as those of a trained network.
        foreach (ref var weight in network.Parameters.Values.Span) weight *= 3;
        return new TrainedModel(network, new Codec(tokenizer, null, [], tokenizer, 12));
    }

    /// <summary>A language model whose weights are no numbers.</summary>
    public static TrainedModel Damaged()
    {
        var model = Language();
        model.Network.Parameters.Values.Span.Fill(float.NaN);
        return new TrainedModel(model.Network, model.Codec);
    }

    private static TrainedModel Classifier()
    {
        var tokenizer = Tokenizer.Train(["good bad"], new TokenizerConfig());
        var network = new SequenceClassifier(new() { Encoder = new() { VocabularySize = tokenizer.VocabularySize, EmbeddingSize = 4, HiddenSize = 4 }, Classes = 2 });
        network.Initialize(1);
        return new TrainedModel(network, new Codec(tokenizer, null, ["negative", "positive"], null));
    }

    private static Translator Translator(Tokenizer source, Tokenizer target, AttentionKind attention) => new(new()
    {
        Encoder = new() { VocabularySize = source.VocabularySize, EmbeddingSize = 12, Cell = CellKind.Gru, HiddenSize = 16 },
        Decoder = new() { VocabularySize = target.EmissionSize, EmbeddingSize = 12, HiddenSize = 16, Attention = attention, AttentionSize = 10 },
        Begin = target.Begin,
        End = target.End,
    });

    private static void Train(Network network, ExampleSet examples, int epochs)
    {
        network.Initialize(3);
        using var shards = new BatchShards(1);
        var loop = new TrainingLoop(network, examples, examples, new TrainingConfig { Epochs = epochs, BatchSize = 8, LearningRate = 0.02 }, shards);
        while (!loop.Finished) loop.Advance();
    }
}
