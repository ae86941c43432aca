using System.Diagnostics;
using System.Globalization;
using System.Text;
using Rnn.Training;

namespace Rnn.Benchmarks;

/// <summary>
/// The classic tests of memory: how many seconds, measuring included, until a network of 64 units solves a task whose answer lies up to T steps back.
/// </summary>
internal static class MemoryBenchmark
{
    private const int Hidden = 64;
    private const int StepsPerValidation = 50;
    private const double Budget = 30;

    private static readonly int[] s_lengths = [50, 100, 200, 400];

    /// <summary><c>--only adding/gru/100</c> runs one cell of the table, or with fewer parts a group of them, and writes nothing.</summary>
    public static int Run(string[] args)
    {
        var only = Array.IndexOf(args, "--only") is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : "";
        using var threads = new BatchShards(Math.Min(2, Environment.ProcessorCount));
        var table = new StringBuilder();
        foreach (var task in MemoryTask.All)
        {
            table.AppendLine(CultureInfo.InvariantCulture, $"{(table.Length > 0 ? "\n" : "")}{char.ToUpperInvariant(task.Name[0])}{task.Name[1..]} ({task.Terms}):\n");
            table.AppendLine(CultureInfo.InvariantCulture, $"| | {string.Join(" | ", s_lengths.Select(steps => $"T = {steps}"))} |\n|---|{string.Concat(s_lengths.Select(_ => "---|"))}");
            foreach (var contestant in MemoryContestant.All)
            {
                var cells = s_lengths.Select(steps => IsAsked(only, $"{task.Name}/{contestant.Name}/{steps}") ? Measure(task, contestant, steps, threads) : "–");
                table.AppendLine(CultureInfo.InvariantCulture, $"| {contestant.Title} | {string.Join(" | ", cells)} |");
            }
        }

        Report.Write("memory", table.ToString(), only.Length > 0 || args.Contains("--dry"));
        return 0;
    }

    /// <summary>Whether the parts of <paramref name="only"/> are the first ones of the name.</summary>
    private static bool IsAsked(string only, string name) => only.Length == 0 || $"{name}/".StartsWith($"{only}/", StringComparison.Ordinal);

    private static string Measure(MemoryTask task, MemoryContestant contestant, int steps, BatchShards threads)
    {
        var network = new MemoryNetwork(task, contestant, Hidden, steps, threads);
        var (best, start) = (double.PositiveInfinity, Stopwatch.GetTimestamp());
        double Seconds() => Stopwatch.GetElapsedTime(start).TotalSeconds;
        var finite = true;
        while (finite && best >= MemoryTask.Solved && Seconds() < Budget)
        {
            finite = network.Advance();
            if (finite && network.Steps % StepsPerValidation == 0) best = Math.Min(best, network.Validate());
        }

        var outcome = best < MemoryTask.Solved ? FormattableString.Invariant($"{Seconds():F1} s, {network.Steps:N0} steps ({task.Text(best)})")
            : finite ? FormattableString.Invariant($"not in {Budget:F0} s, {network.Steps:N0} steps (best {task.Text(best)})")
            : FormattableString.Invariant($"diverged in step {network.Steps + 1:N0} (best {task.Text(best)})");
        Console.Error.WriteLine($"{task.Name}, {contestant.Title}, T = {steps}: {outcome}");
        return outcome;
    }
}
