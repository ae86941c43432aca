using Rnn.Cells;
using Rnn.Data;
using Rnn.Models;
using Rnn.Tests.Kernels;
using Rnn.Tests.Models;
using Rnn.Training;

namespace Rnn.Tests.Training;

/// <summary>What the reports of a run say, and one update of a network larger than a block of the shared work.</summary>
public sealed class EpochFiguresTests
{
    private static readonly ExampleSet s_set = Draw(22, 3);

    private static readonly TrainingConfig s_config = new() { Epochs = 2, BatchSize = 8, ShardRows = 3, LearningRate = 0, Schedule = ScheduleKind.Constant, Optimizer = new() { Kind = OptimizerKind.Sgd } };

    private static ExampleSet Draw(int count, int seed)
    {
        var random = new Random(seed);
        Sequence[] inputs = [.. Enumerable.Range(0, count).Select(_ => Sequence.OfTokens([.. Enumerable.Range(0, 1 + random.Next(6)).Select(_ => random.Next(9))], 1))];
        return ExampleSet.OfClasses(inputs, [.. inputs.Select(_ => random.Next(3))]);
    }

    private static SequenceClassifier Network(int vocabulary = 9, int hidden = 5, int embedding = 8) =>
        Networks.Of(new SequenceClassifierConfig { Encoder = new() { VocabularySize = vocabulary, EmbeddingSize = embedding, Cell = CellKind.Gru, HiddenSize = hidden }, Classes = 3 }, 2);

    [Fact]
    public void An_epoch_reports_the_means_of_its_updates_and_what_the_training_set_would_be_measured_at()
    {
        using var shards = new BatchShards(2);
        var model = Network();
        var loop = new TrainingLoop(model, s_set, s_set, s_config, shards);
        Assert.Equal((3, 6L), (loop.StepsPerEpoch, loop.TotalSteps));
        var measured = Evaluation.Measure(model, s_set, shards);
        for (var epoch = 1; epoch <= 2; epoch++)
        {
            StepReport[] steps = [loop.Advance(), loop.Advance(), loop.Advance()];
            Assert.Equal([3 * epoch - 2, 3 * epoch - 1, 3 * epoch], steps.Select(s => s.Step));
            Assert.Equal([false, false, true], steps.Select(s => s.EpochEnd is not null));
            Assert.Equal(s_set.Inputs.Sum(s => s.Steps), steps.Sum(s => s.Tokens));
            var end = steps[2].EpochEnd!;
            Assert.Equal(epoch, end.Epoch);
            Assert.Equal(steps.Average(s => s.GradientNorm), end.GradientNorm, 1e-12);
            // Nothing moved, so training and measuring saw the same network.
            Assert.Equal(measured.Loss, end.TrainLoss, 1e-6);
            Assert.Equal(measured.Accuracy, end.TrainAccuracy);
            // The same loss again is no better one.
            Assert.Equal(epoch == 1, end.IsBest);
        }

        Assert.Equal((2, 1), (loop.State.Epoch, loop.State.BestEpoch));
    }

    [Theory]
    [InlineData(22, 1)]
    [InlineData(23, 2)]
    public void Too_few_targets_choose_no_epoch(int fewest, int best)
    {
        using var shards = new BatchShards(1);
        var loop = new TrainingLoop(Network(), s_set, s_set, s_config with { FewestTargetsToChoose = fewest }, shards);
        while (!loop.Finished) loop.Advance();
        Assert.Equal(best, loop.State.BestEpoch);
    }

    [Fact]
    public void Examples_without_a_target_cost_nothing_and_move_nothing()
    {
        using var shards = new BatchShards(1);
        var model = Network();
        var before = model.Parameters.Values.ToArray();
        var silent = new ExampleSet(s_set.Inputs, [.. s_set.Inputs.Select(_ => new ReadOnlyMemory<int>([ExampleSet.NoTarget]))]);
        var loop = new TrainingLoop(model, silent, s_set, s_config with { LearningRate = 0.1 }, shards);
        StepReport[] steps = [loop.Advance(), loop.Advance(), loop.Advance()];
        Assert.All(steps, step => Assert.Equal((0, 0), (step.Loss, step.GradientNorm)));
        Assert.Equal((0, 0), (steps[2].EpochEnd!.TrainLoss, steps[2].EpochEnd!.TrainAccuracy));
        Widths.AssertSameBits(before, model.Parameters.Values.Span, "weights");
        Assert.Equal(new Score(0, 0, 0), Evaluation.Measure(model, silent, shards));
    }

    [Fact]
    public void Before_the_first_epoch_ends_the_best_weights_are_the_current_ones()
    {
        using var shards = new BatchShards(1);
        var model = Network();
        var loop = new TrainingLoop(model, s_set, s_set, s_config with { LearningRate = 0.1 }, shards);
        loop.Advance();
        var current = model.Parameters.Values.ToArray();
        loop.TakeBest();
        Widths.AssertSameBits(current, model.Parameters.Values.Span, "weights");
    }

    /// <summary>Rows that do not depend on each other start each from a zero state, those of a stream from where the window before ended, and an epoch from the beginning.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    public void Every_epoch_of_a_labeler_sees_what_measuring_sees(int lanes)
    {
        var random = new Random(7);
        Sequence[] inputs = [.. Enumerable.Range(0, 24).Select(i => Sequence.OfFrames(Widths.Random(2 * 3, i), 2))];
        var set = new ExampleSet(inputs, [.. inputs.Select(_ => new ReadOnlyMemory<int>([random.Next(3), random.Next(3), random.Next(3)]))], lanes);
        var model = new SequenceLabeler(new() { Encoder = new() { FeatureSize = 2, Cell = CellKind.RnnTanh, HiddenSize = 5 }, Classes = 3 });
        model.Initialize(1);
        using var shards = new BatchShards(2);
        // Fewer rows in a batch than the stream has lanes: a window of every lane is a batch all the same.
        var loop = new TrainingLoop(model, set, set, s_config with { BatchSize = 4 }, shards);
        var measured = Evaluation.Measure(model, set, shards);
        var epochs = new List<EpochReport>();
        while (!loop.Finished)
            if (loop.Advance().EpochEnd is { } end) epochs.Add(end);

        Assert.Equal(2, epochs.Count);
        Assert.All(epochs, epoch => Assert.Equal(measured.Loss, epoch.TrainLoss, 1e-6));
        Assert.All(epochs, epoch => Assert.Equal(measured.Accuracy, epoch.TrainAccuracy));
    }

    [Fact]
    public void Classes_that_weigh_nothing_move_nothing()
    {
        using var shards = new BatchShards(1);
        var loop = new TrainingLoop(Network(), s_set, s_set, s_config with { ClassWeights = new float[3] }, shards);
        var step = loop.Advance();
        Assert.Equal((0, 0), (step.Loss, step.GradientNorm));
    }

    [Fact]
    public void No_weight_moves_by_more_than_the_clipped_value_of_its_gradient()
    {
        using var shards = new BatchShards(1);
        var model = Network();
        var before = model.Parameters.Values.ToArray();
        new TrainingLoop(model, s_set, s_set, s_config with { LearningRate = 1, ClipNorm = 0, ClipValue = 0.01 }, shards).Advance();
        Assert.Equal(0.01, before.Zip(model.Parameters.Values.ToArray(), (a, b) => Math.Abs((double)a - b)).Max(), 1e-6);
    }

    [Fact]
    public void The_rate_falls_by_the_decay_when_the_validation_loss_stays()
    {
        using var shards = new BatchShards(1);
        var loop = new TrainingLoop(Network(), s_set, s_set, s_config with { Epochs = 4, Schedule = ScheduleKind.Plateau, Decay = 0.1 }, shards);
        while (!loop.Finished) loop.Advance();
        Assert.Equal(new Plateau(0.1, loop.State.BestLoss), loop.State.Plateau);
    }

    /// <summary>A loss of 1e25 is a number, the square of its gradient is none in single precision.</summary>
    [Fact]
    public void A_gradient_that_is_no_number_stops_the_run_though_the_loss_is_one()
    {
        var set = ExampleSet.OfClasses([Sequence.OfFrames([1e25f, -1e25f], 2), Sequence.OfFrames([-1e25f, 1e25f], 2)], [0, 0]);
        var model = new VectorClassifier(new() { FeatureSize = 2, HiddenSize = 4, Layers = 1, Relu = true, Classes = 2 });
        model.Initialize(1);
        var before = model.Parameters.Values.ToArray();
        using var shards = new BatchShards(1);
        var error = Assert.Throws<TrainingDivergedException>(() => new TrainingLoop(model, set, set, s_config with { LearningRate = 0.1 }, shards).Advance());
        Assert.Matches(@"step 1: the loss is \d.* and the gradient norm Infinity", error.Message);
        Widths.AssertSameBits(before, model.Parameters.Values.Span, "weights");
    }

    /// <summary>Dense weights and embedding table, or the weights that a small embedding is folded into, span several blocks, the last one not full.</summary>
    [Theory]
    [InlineData(1, 5000, 110, 8)]
    [InlineData(2, 5000, 110, 8)]
    [InlineData(1, 100, 200, 200)]
    [InlineData(2, 100, 200, 200)]
    public void One_descent_moves_every_weight_of_a_large_network_by_its_gradient(int accumulate, int vocabulary, int hidden, int embedding)
    {
        const double Rate = 0.5;
        var random = new Random(1);
        Sequence[] inputs = [.. Enumerable.Range(0, 16).Select(_ => Sequence.OfTokens([.. Enumerable.Range(0, 3).Select(_ => random.Next(vocabulary))]))];
        var set = ExampleSet.OfClasses(inputs, [.. inputs.Select(_ => random.Next(3))]);
        var (model, reference) = (Network(vocabulary, hidden, embedding), Network(vocabulary, hidden, embedding));
        using var shards = new BatchShards(2);
        var loop = new TrainingLoop(model, set, set, s_config with { BatchSize = 16 / accumulate, AccumulateSteps = accumulate, LearningRate = Rate, ClipNorm = 0 }, shards);
        for (var step = 0; step < 2; step++)
        {
            reference.Pack(training: true);
            var (pass, gradients) = (reference.CreatePass(), new float[reference.Parameters.Length]);
            pass.Assign(set, [.. Enumerable.Range(0, 16)]);
            pass.ForwardBackward(new Objective(0), 1f / 16, 0, gradients);
            pass.AddLateGradients(gradients);
            Assert.Equal(Clipping.Norm(gradients), loop.Advance().GradientNorm, 1e-5);
            for (var i = 0; i < gradients.Length; i++) reference.Parameters.Values.Span[i] -= (float)Rate * gradients[i];
        }

        var (late, others) = vocabulary > 1000
            ? (reference.Parameters.Length - reference.Parameters.DenseLength, reference.Parameters.DenseLength)
            : (reference.Parameters.Parameters.Single(parameter => parameter.Name.EndsWith("weight_ih_l0", StringComparison.Ordinal)).Length, reference.Parameters.Length / 2);
        Assert.True(late > 2 << 14 && others > 2 << 14);
        var (want, got) = (reference.Parameters.Values.ToArray(), model.Parameters.Values.ToArray());
        Assert.All(Enumerable.Range(0, want.Length), i => Assert.Equal(want[i], got[i], 1e-5f));
    }
}
