using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using RnnService.Storage;

namespace RnnService.Tests.Predictions;

/// <summary>A service with small models of every kind that labels or classifies; drawn from seeds, because not what they learnt is tested but how they are served.</summary>
public sealed class LabelFixture : IAsyncLifetime
{
    private RunningService? _service;

    internal RunningService Service => _service ?? throw new InvalidOperationException("The service has not started.");

    internal HttpClient Client => Service.Client;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _service = await RunningService.StartAsync();
        var models = new PublishedModels(_service);
        await models.PublishAsync("steps", LearningTask.SequenceLabeling, LabelModels.OfFrames());
        // The same weights under another name and as an older version: states still do not pass.
        await models.PublishAsync("others", LearningTask.SequenceLabeling, LabelModels.OfFrames());
        await models.PublishAsync("others", LearningTask.SequenceLabeling, LabelModels.OfFrames());
        await models.PublishAsync("both-ways", LearningTask.SequenceLabeling, LabelModels.OfFrames(bidirectional: true));
        await models.PublishAsync("raw", LearningTask.SequenceLabeling, LabelModels.OfFrames(scaling: Scaling.None));
        await models.PublishAsync("tags", LearningTask.SequenceLabeling, LabelModels.OfTokens());
        await models.PublishAsync("points", LearningTask.VectorClassification, LabelModels.OfVectors());
        await models.PublishAsync("texts", LearningTask.SequenceClassification, LabelModels.OfTexts());
        await models.PublishAsync("gestures", LearningTask.SequenceClassification, LabelModels.OfGestures());
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _service?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>The models of <see cref="LabelFixture"/>.</summary>
internal static class LabelModels
{
    public const int FeatureSize = 3;

    public static TrainedModel OfFrames(bool bidirectional = false, Scaling scaling = Scaling.Standard) => Make(
        new SequenceLabelerConfig { Encoder = new() { FeatureSize = FeatureSize, Cell = scaling == Scaling.None ? CellKind.RnnRelu : CellKind.Lstm, HiddenSize = 12, Layers = 2, Bidirectional = bidirectional }, Classes = 4 },
        new Codec(null, Scaler(scaling), ["rest", "rise", "fall", "grüß"], null));

    public static TrainedModel OfTokens()
    {
        var tokenizer = Tokenizer.Train(["the cat sat on the mat .", "a dog walked home"], new TokenizerConfig { SubwordFeatures = SubwordFeatures.Affix });
        return Make(new SequenceLabelerConfig { Encoder = new() { VocabularySize = tokenizer.VocabularySize, EmbeddingSize = 6, Cell = CellKind.Gru, HiddenSize = 8 }, Classes = 3 },
            new Codec(tokenizer, null, ["noun", "verb", "other"], null));
    }

    public static TrainedModel OfVectors() => Make(new VectorClassifierConfig { FeatureSize = FeatureSize, HiddenSize = 6, Classes = 2 }, new Codec(null, Scaler(Scaling.Standard), ["in", "out"], null));

    public static TrainedModel OfTexts()
    {
        var tokenizer = Tokenizer.Train(["a good film , not a bad one", "a dull film"], new TokenizerConfig { TokenNgrams = 2 });
        return Make(new SequenceClassifierConfig { Encoder = new() { VocabularySize = tokenizer.VocabularySize, EmbeddingSize = 6, HiddenSize = 8, Bidirectional = true }, Pooling = PoolingKind.Max, Classes = 2 },
            new Codec(tokenizer, null, ["bad", "good"], null));
    }

    public static TrainedModel OfGestures() => Make(
        new SequenceClassifierConfig { Encoder = new() { FeatureSize = FeatureSize, HiddenSize = 6 }, Classes = 2 }, new Codec(null, Scaler(Scaling.Standard), ["left", "right"], null));

    /// <summary>Frames as a client sends them; few digits, so that they are the same numbers in every form.</summary>
    public static float[][] Frames(int steps, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, steps).Select(_ => Enumerable.Range(0, FeatureSize).Select(_ => random.Next(-200, 200) / 100f).ToArray())];
    }

    private static FrameScaler Scaler(Scaling scaling) => FrameScaler.Fit([Sequence.OfFrames([1, 2, 3, 4, 6, 8, -3, 2, 0], FeatureSize)], scaling);

    private static TrainedModel Make(NetworkConfig config, Codec codec)
    {
        var network = config.Build();
        network.Initialize(7);
        return new TrainedModel(network, codec);
    }
}
