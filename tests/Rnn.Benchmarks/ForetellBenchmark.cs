using System.Globalization;
using System.Text;
using Rnn.Cells;
using Rnn.Tensors;
using Rnn.Training;

namespace Rnn.Benchmarks;

/// <summary>
/// Whether the flow of gradients after 200 updates foretells what a network will learn: 60 networks that must remember the beginning of a sequence, some able to and some not.
/// Bounds are chosen on every second run and tried on the others.
/// </summary>
internal static class ForetellBenchmark
{
    private const int Hidden = 64;
    private const int Budget = 3_000;
    private const int ProbeAt = 200;
    private const int StepsPerValidation = 100;

    private static readonly int[] s_lags = [20, 50, 100];

    private static IReadOnlyList<MemoryContestant> Contestants { get; } =
    [
        new("tanh-0.8", "tanh, orthogonal × 0.8", CellKind.RnnTanh) { Gain = 0.8f, LearningRate = 1e-3 },
        new("tanh-1", "tanh, orthogonal", CellKind.RnnTanh) { LearningRate = 3e-4 },
        new("tanh-1.3", "tanh, orthogonal × 1.3", CellKind.RnnTanh) { Gain = 1.3f, LearningRate = 1e-3 },
        new("relu-1", "ReLU, identity", CellKind.RnnRelu) { RecurrentInit = RecurrentInit.Identity, InputDeviation = 0.001, LearningRate = 1e-3 },
        new("relu-1.1", "ReLU, identity × 1.1", CellKind.RnnRelu) { Gain = 1.1f, RecurrentInit = RecurrentInit.Identity, InputDeviation = 0.001, LearningRate = 1e-3 },
        new("lstm-0", "LSTM, forget bias 0", CellKind.Lstm) { ForgetBias = 0, LearningRate = 5e-3 },
        new("lstm-1", "LSTM, forget bias 1", CellKind.Lstm) { LearningRate = 5e-3 },
        new("lstm-4", "LSTM, forget bias 4", CellKind.Lstm) { ForgetBias = 4, LearningRate = 5e-3 },
        new("lstm-chrono", "LSTM, chrono", CellKind.Lstm) { IsChrono = true, LearningRate = 5e-3 },
        new("gru", "GRU", CellKind.Gru) { LearningRate = 5e-3 },
    ];

    public static int Run(string[] args)
    {
        using var threads = new BatchShards(Math.Min(2, Environment.ProcessorCount));
        List<ForetoldRun> runs = [.. MemoryTask.Early.SelectMany(task => Contestants.SelectMany(contestant => s_lags.Select(lag => Measure(task, contestant, lag, threads))))];
        Report.Write("foretell", Table(runs) + Scores(runs), args.Contains("--dry"));
        return 0;
    }

    private static ForetoldRun Measure(MemoryTask task, MemoryContestant contestant, int lag, BatchShards threads)
    {
        var network = new MemoryNetwork(task, contestant, Hidden, lag, threads);
        var (finite, best) = (true, double.PositiveInfinity);
        var run = new ForetoldRun(task, contestant, lag);
        while (finite && best >= MemoryTask.Solved && network.Steps < Budget)
        {
            finite = network.Advance();
            if (finite && network.Steps == ProbeAt)
            {
                var flow = network.Probe();
                run = run with { Verdict = flow.Verdict(lag), Left = flow.LeftAfter(lag), Radius = flow.SpectralRadius, Summed = network.SummedRatio() };
            }

            if (finite && network.Steps >= ProbeAt && network.Steps % StepsPerValidation == 0) best = Math.Min(best, network.Validate());
        }

        run = run with { IsLearnt = best < MemoryTask.Solved };
        Console.Error.WriteLine(run);
        return run;
    }

    private static string Table(IReadOnlyList<ForetoldRun> runs)
    {
        var text = new StringBuilder();
        foreach (var task in MemoryTask.Early)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{char.ToUpperInvariant(task.Name[0])}{task.Name[1..]}: share of the gradient left over the lag, verdict, and what came of it\n");
            text.AppendLine(CultureInfo.InvariantCulture, $"| | {string.Join(" | ", s_lags.Select(lag => $"lag {lag}"))} |\n|---|{string.Concat(s_lags.Select(_ => "---|"))}");
            foreach (var row in runs.Where(run => run.Task == task).GroupBy(run => run.Contestant))
                text.AppendLine(CultureInfo.InvariantCulture, $"| {row.Key.Title} | {string.Join(" | ", row.Select(run => run.Cell))} |");
            text.AppendLine();
        }

        return text.ToString();
    }

    /// <summary>Each predictor's bound from every second run, and how often it is right on the others.</summary>
    private static string Scores(IReadOnlyList<ForetoldRun> runs)
    {
        ForetoldRun[] chosen = [.. runs.Where((_, i) => i % 2 == 0)];
        ForetoldRun[] tried = [.. runs.Where((_, i) => i % 2 == 1)];
        double Right(Func<ForetoldRun, bool> foretells) => 100.0 * tried.Count(run => foretells(run) == run.IsLearnt) / tried.Length;
        string Row(string name, Func<ForetoldRun, double> value)
        {
            var bound = Bound(chosen, value);
            return string.Create(CultureInfo.InvariantCulture, $"| {name} | {bound:G2} | {Right(run => value(run) >= bound):F0} % |");
        }

        return string.Create(CultureInfo.InvariantCulture, $"""
            | foretells that the lag is learnt | bound chosen on {chosen.Length} runs | right on the other {tried.Length} |
            |---|---|---|
            | the verdict `healthy`, with the bounds in the product | | {Right(run => run.Verdict == GradientVerdict.Healthy):F0} % |
            {Row("share of the gradient left, at least", run => run.Left)}
            {Row("spectral radius of the recurrent weights, at least", run => run.Radius)}
            {Row("summed profile (a loss at every step): first to last, at least", run => run.Summed)}
            | always the more frequent outcome | | {Right(_ => 2 * chosen.Count(run => run.IsLearnt) > chosen.Length):F0} % |
            """);
    }

    /// <summary>The bound that is right most often; of equally good ones the middle of the widest gap, on a logarithmic scale.</summary>
    private static double Bound(IReadOnlyList<ForetoldRun> runs, Func<ForetoldRun, double> value)
    {
        double[] logs = [.. runs.Select(run => Math.Log(Math.Max(double.Epsilon, value(run)))).Order()];
        var gaps = Enumerable.Range(1, logs.Length - 1).Select(i => (Low: logs[i - 1], High: logs[i])).Where(gap => gap.High > gap.Low);
        int Right(double bound) => runs.Count(run => (Math.Log(Math.Max(double.Epsilon, value(run))) >= bound) == run.IsLearnt);
        var (low, high) = gaps.OrderByDescending(gap => Right((gap.Low + gap.High) / 2)).ThenByDescending(gap => gap.High - gap.Low).First();
        return Math.Exp((low + high) / 2);
    }
}

/// <summary>A network, what was measured after 200 updates, and what came of it. One that diverges before has no gradient left and is not learnt.</summary>
internal sealed record ForetoldRun(MemoryTask Task, MemoryContestant Contestant, int Lag)
{
    public GradientVerdict Verdict { get; init; } = GradientVerdict.Exploding;

    public double Left { get; init; }

    public double Radius { get; init; }

    public double Summed { get; init; }

    public bool IsLearnt { get; init; }

    public string Cell => string.Create(CultureInfo.InvariantCulture, $"{Left:G2}, {Verdict.ToString().ToLowerInvariant()}: {(IsLearnt ? "learnt" : "not learnt")}{((Verdict == GradientVerdict.Healthy) == IsLearnt ? "" : " ✗")}");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Task.Name}, {Contestant.Title}, lag {Lag}: {Cell}; radius {Radius:F2}, summed {Summed:G2}");
}
