using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Kernels;
using Rnn.Tests.Models;
using Rnn.Training;

namespace Rnn.Tests.Training;

/// <summary>The same seed gives the same bits, whatever the network, the dropout, the threads, and wherever the run was interrupted.</summary>
public sealed class DeterminismTests
{
    private const int Lanes = 6;
    private const int Interrupted = 5;

    private static readonly TrainingConfig s_config = new() { Epochs = 3, BatchSize = 12, ShardRows = 2, LearningRate = 0.02, WarmupSteps = 2, LabelSmoothing = 0.1f, UnknownRate = 0.1f, Seed = 7 };

    /// <summary>Six rows of a length each, so that windows of a stream, the last of them shorter, are examples of this shape too.</summary>
    private static readonly NetworkShape s_shape = new(CellKind.Lstm, 13, 5, 2, Flag: true, Tokens: true, PoolingKind.Max, [.. Enumerable.Range(0, 6 * Lanes).Select(i => i < 5 * Lanes ? 7 : 3)], 4);

    public static MatrixTheoryData<string, CellKind, bool> Models() => new([.. NetworkGradientTests.Models().Select(row => row.Data)], Enum.GetValues<CellKind>(), [false, true]);

    public static MatrixTheoryData<string, CellKind, bool> Streams() => new(["many to many in step", "language model"], Enum.GetValues<CellKind>(), [false, true]);

    [Theory]
    [MemberData(nameof(Models))]
    public void Independent_examples(string model, CellKind cell, bool variational) =>
        AssertSameRoad(() => NetworkGradientTests.Of(model, s_shape with { Cell = cell, Variational = variational }, dropout: 0.3f));

    /// <summary>One direction (the flag), or no state could be carried.</summary>
    [Theory]
    [MemberData(nameof(Streams))]
    public void A_stream_with_the_state_carried(string model, CellKind cell, bool variational) => AssertSameRoad(() =>
    {
        var (network, examples) = NetworkGradientTests.Of(model, s_shape with { Cell = cell, Variational = variational, Flag = false }, dropout: 0.3f);
        Assert.NotEqual(0, network.CarriedStateSize);
        return (network, new ExampleSet(examples.Inputs, examples.Targets, Lanes));
    });

    private static void AssertSameRoad(Func<(Network Network, ExampleSet Examples)> make)
    {
        var (one, reports, checkpoint) = Train(make, threads: 1, weightSeed: 1, from: null);
        Assert.True(reports.Count > Interrupted, $"{reports.Count} steps");
        foreach (var threads in new[] { 2, 3 })
        {
            var (other, otherReports, _) = Train(make, threads, weightSeed: 1, from: null);
            Assert.Equal(reports, otherReports);
            Widths.AssertSameBits(one, other, $"weights on {threads} threads");

            // Other weights at the start: what is restored must not depend on what was there.
            var (resumed, rest, _) = Train(make, threads, weightSeed: 99, from: checkpoint);
            Assert.Equal(reports[Interrupted..], rest);
            Widths.AssertSameBits(one, resumed, $"weights after an interruption, on {threads} threads");
        }
    }

    private static (float[] Weights, List<StepReport> Reports, byte[] Checkpoint) Train(Func<(Network Network, ExampleSet Examples)> make, int threads, ulong weightSeed, byte[]? from)
    {
        var (network, examples) = make();
        network.Initialize(weightSeed);
        using var shards = new BatchShards(threads);
        var loop = new TrainingLoop(network, examples, examples, s_config, shards);
        if (from is not null) loop.Restore(Checkpoint.Read(new MemoryStream(from)));
        var (reports, file) = (new List<StepReport>(), new MemoryStream());
        while (!loop.Finished)
        {
            reports.Add(loop.Advance());
            if (loop.State.Step == Interrupted) loop.Save().Write(file, new Dictionary<string, string>());
        }

        return (network.Parameters.Values.ToArray(), reports, file.ToArray());
    }
}
