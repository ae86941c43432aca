using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Kernels;
using Rnn.Tests.Models;
using Rnn.Training;

namespace Rnn.Tests.Training;

/// <summary>What the service builds on: the same bits on any number of threads and after any interruption, and that it learns.</summary>
public sealed class TrainingLoopTests
{
    /// <summary>Which of two tokens came first, with others between: nothing a bag of words could tell.</summary>
    private static ExampleSet Order(int count, int seed)
    {
        var random = new Random(seed);
        var (inputs, labels) = (new List<Sequence>(), new List<int>());
        for (var i = 0; i < count; i++)
        {
            var ids = Enumerable.Range(0, 3 + random.Next(7)).Select(_ => 3 + random.Next(5)).ToArray();
            var first = random.Next(ids.Length - 1);
            var second = first + 1 + random.Next(ids.Length - first - 1);
            var label = random.Next(2);
            (ids[first], ids[second]) = (1 + label, 2 - label);
            inputs.Add(Sequence.OfTokens(ids, 1));
            labels.Add(label);
        }

        return ExampleSet.OfClasses(inputs, [.. labels]);
    }

    private static readonly ExampleSet s_train = Order(150, 1);
    private static readonly ExampleSet s_validation = Order(60, 2);

    private static readonly TrainingConfig s_config = new()
    {
        Epochs = 4,
        BatchSize = 16,
        ShardRows = 4,
        LearningRate = 0.01,
        WarmupSteps = 5,
        ClipNorm = 0.5,
        LabelSmoothing = 0.05f,
        Optimizer = new() { WeightDecay = 0.01 },
        UnknownRate = 0.1f,
        Seed = 11,
    };

    private static SequenceClassifier Network(CellKind cell = CellKind.Lstm, float dropout = 0.3f) => Networks.Of(new SequenceClassifierConfig
    {
        Encoder = new() { VocabularySize = 8, EmbeddingSize = 9, Cell = cell, HiddenSize = 13, Layers = 2, Bidirectional = true, Dropout = dropout, EmbeddingDropout = dropout },
        Pooling = PoolingKind.Max,
        Classes = 2,
    }, 5);

    private static (SequenceClassifier Model, List<StepReport> Reports) Train(int threads, SequenceClassifier model, TrainingConfig config)
    {
        using var shards = new BatchShards(threads);
        var loop = new TrainingLoop(model, s_train, s_validation, config, shards);
        var reports = new List<StepReport>();
        while (!loop.Finished) reports.Add(loop.Advance());
        return (model, reports);
    }

    [Theory]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.Gru)]
    [InlineData(CellKind.RnnTanh)]
    [InlineData(CellKind.RnnRelu)]
    public void The_same_seed_gives_the_same_bits_on_one_two_and_three_threads(CellKind cell)
    {
        var (one, reports) = Train(1, Network(cell), s_config);
        foreach (var threads in new[] { 2, 3 })
        {
            var (other, otherReports) = Train(threads, Network(cell), s_config);
            Widths.AssertSameBits(one.Parameters.Values.Span, other.Parameters.Values.Span, $"weights on {threads} threads");
            Assert.Equal(reports, otherReports);
        }
    }

    [Fact]
    public void Another_seed_takes_another_road()
    {
        var (one, _) = Train(1, Network(), s_config with { Epochs = 1 });
        var (other, _) = Train(1, Network(), s_config with { Epochs = 1, Seed = 12 });
        Assert.False(one.Parameters.Values.Span.SequenceEqual(other.Parameters.Values.Span));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(23)]
    [InlineData(39)]
    public void Resumed_from_a_checkpoint_it_ends_in_the_same_bits(int steps)
    {
        var (uninterrupted, reports) = Train(2, Network(), s_config);
        var file = new MemoryStream();
        using (var shards = new BatchShards(2))
        {
            var loop = new TrainingLoop(Network(), s_train, s_validation, s_config, shards);
            for (var i = 0; i < steps; i++) loop.Advance();
            var checkpoint = loop.Save();
            // A checkpoint is a copy: training may go on while it is written.
            loop.Advance();
            checkpoint.Write(file, new Dictionary<string, string> { ["host"] = "job-1" });
        }

        file.Position = 0;
        var read = Checkpoint.Read(file);
        Assert.Equal("job-1", read.Metadata["host"]);
        using var other = new BatchShards(1);
        // Another seed for the weights: what is restored must not depend on what was there.
        var model = Networks.Of(Network().Config, 99);
        var resumed = new TrainingLoop(model, s_train, s_validation, s_config, other);
        resumed.Restore(read);
        var rest = new List<StepReport>();
        while (!resumed.Finished) rest.Add(resumed.Advance());
        Assert.Equal(reports[steps..], rest);
        Widths.AssertSameBits(uninterrupted.Parameters.Values.Span, model.Parameters.Values.Span, "final weights");
        resumed.TakeBest();
        Assert.True(resumed.State.BestLoss <= rest.Where(r => r.EpochEnd is not null).Min(r => r.EpochEnd!.Validation.Loss));
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd, ScheduleKind.Step)]
    [InlineData(OptimizerKind.Momentum, ScheduleKind.Plateau)]
    [InlineData(OptimizerKind.Nesterov, ScheduleKind.Constant)]
    [InlineData(OptimizerKind.Rmsprop, ScheduleKind.Plateau)]
    [InlineData(OptimizerKind.Adagrad, ScheduleKind.Cosine)]
    [InlineData(OptimizerKind.Adam, ScheduleKind.Step)]
    public void Every_optimizer_and_schedule_goes_on_exactly(OptimizerKind kind, ScheduleKind schedule)
    {
        var config = s_config with
        {
            Optimizer = new() { Kind = kind, Momentum = 0.8, WeightDecay = 0.01, Centered = true, AmsGrad = true },
            Schedule = schedule,
            StepSize = 7,
            Decay = 0.3,
            ClipValue = 0.01,
            Epochs = 14,
            LearningRate = 0.1,
        };
        using var shards = new BatchShards(2);
        var model = Network();
        var loop = new TrainingLoop(model, s_train, s_validation, config, shards);
        var (reports, file) = (new List<StepReport>(), new MemoryStream());
        while (!loop.Finished)
        {
            reports.Add(loop.Advance());
            if (reports.Count == 43) loop.Save().Write(file, new Dictionary<string, string>());
        }

        // The rate did move, or the schedule would not be seen to go on.
        Assert.Equal(schedule != ScheduleKind.Constant, reports[^1].LearningRate < reports[10].LearningRate);
        file.Position = 0;
        var other = Networks.Of(Network().Config, 99);
        var resumed = new TrainingLoop(other, s_train, s_validation, config, shards);
        resumed.Restore(Checkpoint.Read(file));
        var rest = new List<StepReport>();
        while (!resumed.Finished) rest.Add(resumed.Advance());
        Assert.Equal(reports[43..], rest);
        Widths.AssertSameBits(model.Parameters.Values.Span, other.Parameters.Values.Span, "final weights");
    }

    [Theory]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.Gru)]
    [InlineData(CellKind.RnnTanh)]
    public void It_learns_what_only_a_recurrence_can_tell(CellKind cell)
    {
        var (model, reports) = Train(2, Network(cell, dropout: 0), s_config with { Epochs = 40, UnknownRate = 0, WarmupSteps = 0 });
        using var shards = new BatchShards(1);
        var test = Evaluation.Measure(model, Order(200, 3), shards);
        Assert.True(test.Accuracy > 0.95, $"test accuracy {test.Accuracy}, loss {test.Loss}");
        Assert.True(reports[^1].EpochEnd!.TrainLoss < reports.First(r => r.EpochEnd is not null).EpochEnd!.TrainLoss);
    }

    [Fact]
    public void The_best_weights_are_those_of_the_lowest_validation_loss_and_patience_ends_the_run()
    {
        var config = s_config with { Epochs = 60, EarlyStoppingPatience = 3, LearningRate = 0.03, Schedule = ScheduleKind.Constant, UnknownRate = 0 };
        using var shards = new BatchShards(1);
        // Labels without a rule: the validation loss soon rises.
        var noise = ExampleSet.OfClasses(s_train.Inputs, [.. s_train.Inputs.Select((_, i) => i * 7919 / 13 % 2)]);
        var model = Network(dropout: 0);
        var loop = new TrainingLoop(model, noise, s_validation, config, shards);
        var epochs = new List<EpochReport>();
        while (!loop.Finished)
            if (loop.Advance().EpochEnd is { } end) epochs.Add(end);

        var best = epochs.MinBy(e => e.Validation.Loss)!;
        Assert.Equal(best.Epoch + 3, epochs.Count);
        Assert.True(epochs.Count < config.Epochs);
        Assert.Equal(epochs.Select((e, i) => i == 0 || e.Validation.Loss < epochs[..i].Min(p => p.Validation.Loss)), epochs.Select(e => e.IsBest));
        Assert.Throws<InvalidOperationException>(() => loop.Advance());
        loop.TakeBest();
        var published = Evaluation.Measure(model, s_validation, shards);
        Assert.Equal(best.Validation.Loss, published.Loss, 1e-6);
        Assert.Equal((best.Validation.Accuracy, best.Validation.MacroF1), (published.Accuracy, published.MacroF1));
    }

    [Fact]
    public void A_diverging_run_stops_with_the_weights_before_the_step()
    {
        using var shards = new BatchShards(1);
        var model = Network(CellKind.RnnRelu);
        var loop = new TrainingLoop(model, s_train, s_validation, s_config with { LearningRate = 1e18, ClipNorm = 0, WarmupSteps = 0, Epochs = 50 }, shards);
        var error = Assert.Throws<TrainingDivergedException>(() =>
        {
            while (!loop.Finished) loop.Advance();
        });
        Assert.Contains("Training diverged in step", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(float.NaN, model.Parameters.Values.ToArray());
    }

    [Fact]
    public void Empty_sets_and_foreign_checkpoints_are_refused()
    {
        using var shards = new BatchShards(1);
        var empty = ExampleSet.OfClasses([], []);
        Assert.Throws<ArgumentException>(() => new TrainingLoop(Network(), empty, s_validation, s_config, shards));
        Assert.Throws<ArgumentException>(() => new TrainingLoop(Network(), s_train, empty, s_config, shards));
        var checkpoint = new TrainingLoop(Network(), s_train, s_validation, s_config, shards).Save();
        var other = new TrainingLoop(Network(CellKind.Gru), s_train, s_validation, s_config, shards);
        Assert.Throws<InvalidDataException>(() => other.Restore(checkpoint));
        Assert.Throws<InvalidDataException>(() => Checkpoint.Read(new MemoryStream(new byte[20])));
    }
}
