using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Kernels;
using Rnn.Tests.Models;
using Rnn.Training;

namespace Rnn.Tests.Training;

/// <summary>A run that diverges goes back and on with half the rate, and takes the same road whenever it is repeated or interrupted.</summary>
public sealed class RescueTests
{
    // Without clipping the first rate makes the identity with ReLU explode; a fraction of it trains.
    private static readonly TrainingConfig s_config = new()
    {
        Epochs = 6,
        BatchSize = 16,
        ShardRows = 4,
        LearningRate = 2,
        ClipNorm = 0,
        Schedule = ScheduleKind.Constant,
        Optimizer = new OptimizerConfig { Kind = OptimizerKind.Sgd },
        StepsPerSavePoint = 8,
        Seed = 3,
    };

    private static (SequenceClassifier Network, ExampleSet Examples) Make(ulong seed = 1, CellKind cell = CellKind.RnnRelu)
    {
        var random = new Random(4);
        var inputs = Enumerable.Range(0, 120).Select(_ => Sequence.OfFrames([.. Enumerable.Range(0, 24).Select(_ => (float)random.NextDouble() - 0.5f)], 2)).ToList();
        var examples = ExampleSet.OfClasses(inputs, [.. inputs.Select(input => input.Frames.Span[0] > 0 ? 1 : 0)]);
        var network = new SequenceClassifier(new()
        {
            Encoder = new() { FeatureSize = 2, HiddenSize = 12, Cell = cell, RecurrentInit = Rnn.Tensors.RecurrentInit.Identity },
            Pooling = PoolingKind.Last,
            Classes = 2,
        });
        network.Initialize(seed);
        return (network, examples);
    }

    /// <summary>What was found at each divergence; a checkpoint asked for after a rescue, and how many were found before.</summary>
    private static (List<string> Found, Checkpoint? Checkpoint, int Before) Run(TrainingLoop loop)
    {
        var (found, before) = (new List<string>(), 0);
        Checkpoint? checkpoint = null;
        while (!loop.Finished)
        {
            try
            {
                loop.Advance();
                if (loop.State.Rescues > 0 && loop.State.Step % 8 == 3 && checkpoint is null && loop.State.Step > 8) (checkpoint, before) = (loop.Save(), found.Count);
            }
            catch (TrainingDivergedException diverged)
            {
                found.Add(diverged.Message);
                Assert.True(found.Count < 20, string.Join('\n', found));
                loop.Rescue();
            }
        }

        return (found, checkpoint, before);
    }

    private static Checkpoint Stored(Checkpoint checkpoint)
    {
        using var file = new MemoryStream();
        checkpoint.Write(file, new Dictionary<string, string>());
        file.Position = 0;
        return Checkpoint.Read(file);
    }

    [Fact]
    public void Half_the_rate_saves_the_run_and_an_interruption_changes_no_bit()
    {
        using var shards = new BatchShards(2);
        var (network, examples) = Make();
        var loop = new TrainingLoop(network, examples, examples, s_config, shards);
        var (found, checkpoint, before) = Run(loop);
        Assert.NotEmpty(found);
        Assert.Equal(found.Count, loop.State.Rescues);
        Assert.True(loop.State.BestLoss < Math.Log(2), $"best {loop.State.BestLoss}");
        Assert.DoesNotContain(network.Parameters.Values.ToArray(), value => !float.IsFinite(value));

        // Once more from the beginning, and from a checkpoint that was asked for between two save points.
        Assert.NotNull(checkpoint);
        foreach (var from in new[] { null, checkpoint })
        {
            var (again, same) = Make(seed: from is null ? 1u : 99u);
            using var one = new BatchShards(1);
            var repeated = new TrainingLoop(again, same, same, s_config, one);
            if (from is not null) repeated.Restore(Stored(from));
            var (messages, _, _) = Run(repeated);
            Assert.Equal(from is null ? found : found[before..], messages);
            Assert.Equal(loop.State, repeated.State);
            Widths.AssertSameBits(network.Parameters.Values.Span, again.Parameters.Values.Span, "weights");
        }
    }

    [Fact]
    public void A_rescue_returns_to_the_save_point()
    {
        using var shards = new BatchShards(1);
        var (network, examples) = Make();
        var loop = new TrainingLoop(network, examples, examples, s_config with { LearningRate = 0.01 }, shards);
        for (var i = 0; i < 8; i++) loop.Advance();
        var (weights, state) = (network.Parameters.Values.ToArray(), loop.State);
        var next = loop.Advance();
        loop.Advance();
        loop.Rescue();
        Assert.Equal(state with { Rescues = 1 }, loop.State);
        Widths.AssertSameBits(weights, network.Parameters.Values.Span, "weights");
        var repeated = loop.Advance();
        Assert.Equal((next.Loss, next.LearningRate / 2), (repeated.Loss, repeated.LearningRate));
        Assert.Equal(loop.State, loop.Save().State);
    }

    [Fact]
    public void A_gradient_without_bounds_is_forgotten_by_embeddings_too()
    {
        using var shards = new BatchShards(1);
        var network = new SequenceClassifier(new() { Encoder = new() { VocabularySize = 5, EmbeddingSize = 4, HiddenSize = 6, Cell = CellKind.RnnRelu }, Pooling = PoolingKind.Last, Classes = 2 });
        network.Initialize(1);
        var examples = ExampleSet.OfClasses([Sequence.OfTokens([1, 2, 3]), Sequence.OfTokens([2, 4, 1])], [0, 1]);
        var loop = new TrainingLoop(network, examples, examples, s_config with { LearningRate = 0.01 }, shards);
        loop.Advance();
        network.Parameters.Values.Span.Fill(1e25f);
        network.Pack(training: true);
        Assert.Throws<TrainingDivergedException>(() => loop.Advance());
        loop.Rescue();
        Assert.True(double.IsFinite(loop.Advance().GradientNorm));
    }

    [Theory]
    [InlineData(2, 0, 2)]
    [InlineData(9, 1, 2)]
    public void A_run_too_short_for_a_trend_does_not_end_worse_than_a_guess(int epochs, int patience, int last)
    {
        using var shards = new BatchShards(1);
        var network = new LanguageModel(new() { Encoder = new() { VocabularySize = 5, EmbeddingSize = 4, HiddenSize = 6 } });
        network.Initialize(1);
        foreach (ref var weight in network.Parameters.Values.Span) weight *= 1000;
        var examples = TextStream.Windows(Enumerable.Range(0, 60).Select(i => i * i % 5).ToArray(), 2, 20);
        var loop = new TrainingLoop(network, examples, examples, s_config with { Epochs = epochs, EarlyStoppingPatience = patience, LearningRate = 1e-8 }, shards);
        Assert.Contains("best validation loss", Assert.Throws<TrainingDivergedException>(() =>
        {
            while (!loop.Finished) loop.Advance();
        }).Message);
        Assert.Equal(last - 1, loop.State.Epoch);
        loop.Rescue();
        Assert.Equal((0, 1), (loop.State.Epoch, loop.State.Rescues));
    }

    [Fact]
    public void A_loss_far_above_that_of_a_guess_is_a_divergence_though_it_is_a_number()
    {
        using var shards = new BatchShards(1);
        var (network, examples) = Make(cell: CellKind.RnnTanh);
        var loop = new TrainingLoop(network, examples, examples, s_config with { LearningRate = 10, Optimizer = new OptimizerConfig { Kind = OptimizerKind.Adam }, StepsPerSavePoint = 50 }, shards);
        var error = Assert.Throws<TrainingDivergedException>(() => { while (!loop.Finished) loop.Advance(); });
        Assert.Matches(@"^Training diverged in step \d+: the loss has risen to .* nats, where a guess costs 0\.693\.$", error.Message);
    }
}
