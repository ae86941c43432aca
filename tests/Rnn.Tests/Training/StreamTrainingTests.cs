using Rnn.Cells;
using Rnn.Data;
using Rnn.Models;
using Rnn.Tests.Kernels;
using Rnn.Training;

namespace Rnn.Tests.Training;

/// <summary>Truncated backpropagation through time over a continuous stream: the state is carried, also over an interruption.</summary>
public sealed class StreamTrainingTests
{
    private const int Lanes = 6;

    /// <summary>A text whose next token follows from two tokens back, cut into lanes and windows; the last window is shorter.</summary>
    private static ExampleSet Stream(int steps, int window)
    {
        var (inputs, targets) = (new List<Sequence>(), new List<ReadOnlyMemory<int>>());
        var ids = new int[Lanes][];
        for (var lane = 0; lane < Lanes; lane++)
        {
            ids[lane] = new int[steps + 1];
            (ids[lane][0], ids[lane][1]) = (lane % 5, (lane + 2) % 5);
            for (var t = 2; t <= steps; t++) ids[lane][t] = (ids[lane][t - 2] + 2 * ids[lane][t - 1] + t % 2) % 5;
        }

        for (var start = 0; start < steps; start += window)
        {
            foreach (var lane in ids)
            {
                var length = Math.Min(window, steps - start);
                inputs.Add(Sequence.OfTokens(lane.AsMemory(start, length)));
                targets.Add(lane.AsMemory(start + 1, length));
            }
        }

        return new ExampleSet(inputs, targets, Lanes);
    }

    private static readonly TrainingConfig s_config = new() { Epochs = 3, ShardRows = 2, LearningRate = 0.02, ClipNorm = 1, Seed = 5 };

    private static LanguageModel Model(CellKind cell, ulong seed = 1, bool tied = false)
    {
        var model = new LanguageModel(new() { Encoder = new() { VocabularySize = 5, EmbeddingSize = 6, Cell = cell, HiddenSize = 12, Layers = 2, Dropout = 0.1f }, TieWeights = tied });
        model.Initialize(seed);
        return model;
    }

    [Theory]
    [InlineData(CellKind.Lstm, 1, false)]
    [InlineData(CellKind.Lstm, 2, true)]
    [InlineData(CellKind.Gru, 1, true)]
    [InlineData(CellKind.RnnTanh, 3, false)]
    public void Threads_and_interruptions_change_no_bit(CellKind cell, int accumulate, bool tied)
    {
        var (stream, config) = (Stream(45, 7), s_config with { AccumulateSteps = accumulate });
        var model = Model(cell, tied: tied);
        using var one = new BatchShards(1);
        var loop = new TrainingLoop(model, stream, stream, config, one);
        Assert.Equal((7 + accumulate - 1) / accumulate, loop.StepsPerEpoch);
        Checkpoint? checkpoint = null;
        var reports = new List<StepReport>();
        while (!loop.Finished)
        {
            reports.Add(loop.Advance());
            if (reports.Count == loop.StepsPerEpoch + 2) checkpoint = loop.Save();
        }

        Assert.Equal(loop.TotalSteps, reports.Count);
        foreach (var threads in new[] { 2, 3 })
        {
            var other = Model(cell, seed: 99, tied);
            using var shards = new BatchShards(threads);
            var resumed = new TrainingLoop(other, stream, stream, config, shards);
            resumed.Restore(checkpoint!);
            var rest = new List<StepReport>();
            while (!resumed.Finished) rest.Add(resumed.Advance());
            Assert.Equal(reports[(loop.StepsPerEpoch + 2)..], rest);
            Widths.AssertSameBits(model.Parameters.Values.Span, other.Parameters.Values.Span, $"weights on {threads} threads after an interruption");
        }
    }

    [Fact]
    public void The_measured_loss_is_that_of_the_stream_read_in_one_piece()
    {
        var model = Model(CellKind.Gru);
        model.Pack(training: false);
        using var shards = new BatchShards(2);
        var pieces = Evaluation.Measure(model, Stream(45, 7), shards);
        var whole = Evaluation.Measure(model, Stream(45, 45), shards);
        Assert.Equal(whole.Loss, pieces.Loss, 1e-6);
        Assert.Equal(whole.Accuracy, pieces.Accuracy);
        Assert.Equal(Math.Exp(whole.Loss), whole.Perplexity);
        Assert.Null(whole.MacroF1);
    }

    /// <summary>The rule needs two tokens; a window shows one: only a carried state can tell.</summary>
    [Fact]
    public void A_carried_state_knows_more_than_the_window_shows()
    {
        var stream = Stream(200, 1);
        var blind = new ExampleSet(stream.Inputs, stream.Targets);
        double Learn(ExampleSet set)
        {
            var model = Model(CellKind.Gru);
            using var shards = new BatchShards(2);
            var loop = new TrainingLoop(model, set, set, s_config with { Epochs = 30, BatchSize = Lanes, Schedule = ScheduleKind.Constant }, shards);
            while (!loop.Finished) loop.Advance();
            return Evaluation.Measure(model, set, shards).Loss;
        }

        var (carried, forgotten) = (Learn(stream), Learn(blind));
        Assert.True(carried < 0.75 * forgotten, $"{carried} with the state carried, {forgotten} without");
    }

    [Fact]
    public void Accumulated_batches_are_one_large_batch()
    {
        var random = new Random(2);
        Sequence[] inputs = [.. Enumerable.Range(0, 24).Select(_ => Sequence.OfTokens([.. Enumerable.Range(0, 4).Select(_ => random.Next(5))]))];
        var set = ExampleSet.OfClasses(inputs, [.. inputs.Select(_ => random.Next(3))]);
        float[] Train(int batch, int accumulate)
        {
            var model = new SequenceClassifier(new() { Encoder = new() { VocabularySize = 5, EmbeddingSize = 6, Cell = CellKind.Gru, HiddenSize = 8 }, Classes = 3 });
            model.Initialize(3);
            using var shards = new BatchShards(2);
            var loop = new TrainingLoop(model, set, set, s_config with { Epochs = 1, BatchSize = batch, AccumulateSteps = accumulate, ShardRows = 8 }, shards);
            Assert.Equal(24, loop.StepsPerEpoch * batch * accumulate);
            while (!loop.Finished) loop.Advance();
            return model.Parameters.Values.ToArray();
        }

        var (whole, parts) = (Train(24, 1), Train(8, 3));
        for (var i = 0; i < whole.Length; i++) Assert.Equal(whole[i], parts[i], 1e-3f);
    }
}
