using System.Globalization;
using Rnn.Cells;
using Rnn.Tensors;
using Rnn.Training;

namespace Rnn.Benchmarks;

internal static class ForetellBenchmark
{
    private const int Hidden = 64;
    private const int Budget = 3_000;
    private const int ProbeAt = 200;

    private static readonly int[] s_lags = [20, 50, 100];

    private static IEnumerable<MemoryContestant> Contestants =>
    [
        new("tanh-0.8", "tanh 0.8", CellKind.RnnTanh) { Gain = 0.8f, LearningRate = 1e-3 },
        new("tanh-1", "tanh 1", CellKind.RnnTanh) { LearningRate = 3e-4 },
        new("tanh-1.3", "tanh 1.3", CellKind.RnnTanh) { Gain = 1.3f, LearningRate = 1e-3 },
        new("relu-0.7", "relu 0.7", CellKind.RnnRelu) { Gain = 0.7f, RecurrentInit = RecurrentInit.Identity, InputDeviation = 0.001, LearningRate = 1e-3 },
        new("relu-1", "relu id 1", CellKind.RnnRelu) { RecurrentInit = RecurrentInit.Identity, InputDeviation = 0.001, LearningRate = 1e-3 },
        new("lstm-0", "lstm fb 0", CellKind.Lstm) { ForgetBias = 0, LearningRate = 5e-3 },
        new("lstm-1", "lstm fb 1", CellKind.Lstm) { LearningRate = 5e-3 },
        new("lstm-4", "lstm fb 4", CellKind.Lstm) { ForgetBias = 4, LearningRate = 5e-3 },
        new("lstm-chrono", "lstm chrono", CellKind.Lstm) { IsChrono = true, LearningRate = 5e-3 },
        new("gru", "gru", CellKind.Gru) { LearningRate = 5e-3 },
    ];

    public static int Run(string[] args)
    {
        using var threads = new BatchShards(Math.Min(2, Environment.ProcessorCount));
        foreach (var lag in s_lags)
            foreach (var task in MemoryTask.Early)
                foreach (var contestant in Contestants)
                {
                    var network = new MemoryNetwork(task, contestant, Hidden, lag, threads);
                    var (finite, best) = (true, double.PositiveInfinity);
                    GradientFlow? flow = null; double summed = 0, early = 0;
                    while (finite && network.Steps < Budget && best >= MemoryTask.Solved)
                    {
                        finite = network.Advance();
                        if (finite && network.Steps == ProbeAt) { early = network.Validate(); flow = network.Probe(); summed = network.SummedRatio(); }
                        if (finite && network.Steps >= ProbeAt && network.Steps % 100 == 0) best = Math.Min(best, network.Validate());
                    }

                    if (flow is null) { Console.WriteLine($"{task.Name};{contestant.Name};{lag};diverged"); continue; }
                    var norms = flow.MemoryNorm;
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"{task.Name};{contestant.Name};{lag};{best < MemoryTask.Solved};{best:F4};{network.Steps};{early:F4};{flow.DecayPerStep:F4};{flow.EffectiveMemorySteps()};{norms[^1] / norms[0]:E2};{norms.Max() / norms[0]:E2};{flow.SpectralRadius:F3};{summed:E2};{flow.Activity.SaturationFraction:F3}"));
                }

        return 0;
    }
}
