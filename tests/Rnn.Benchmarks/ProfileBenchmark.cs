using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Rnn.Benchmarks;

/// <summary>
/// Where the cycles of one training step go: the core's own side of a row of the training benchmark in a process that perf samples, by method, beside the FMA
/// peak measured right before and after.
/// </summary>
internal static partial class ProfileBenchmark
{
    private const int WarmUpSeconds = 4, Seconds = 8, Methods = 20;
    private const double PeakSeconds = 1;

    private static float s_sink;

    public static int Run(string[] args)
    {
        if (args.FirstOrDefault() is not { } part || TrainCase.All.FirstOrDefault(work => work.Name.Contains(part, StringComparison.Ordinal)) is not { } row)
        {
            Console.Error.WriteLine($"profile <part of a name> [threads] [--dry]; the rows are: {string.Join("; ", TrainCase.All.Select(work => work.Name))}");
            return 2;
        }

        if (!IsThere("perf"))
        {
            Console.Error.WriteLine("perf is not installed; Debian has it as linux-perf (apt-get install linux-perf), and kernel.perf_event_paranoid must allow it");
            return 1;
        }

        var threads = args.Skip(1).Select(arg => int.TryParse(arg, out var given) ? given : 0).FirstOrDefault(given => given > 0, 1);
        var work = Directory.CreateTempSubdirectory("rnn-profile-").FullName;
        try
        {
            var before = Peak();
            var (process, stepsPerSecond) = Record(row, threads, Path.Combine(work, "perf.data"));
            var peak = (before + Peak()) / 2 * threads;
            Report.Write("profile", Table(row, threads, stepsPerSecond, peak, Sampled(Path.Combine(work, "perf.data"))), args.Contains("--dry"));
            // The runtime leaves the names it wrote for perf.
            foreach (var left in Directory.GetFiles("/tmp", $"perf*-{process}.map")) File.Delete(left);
            return 0;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>The sampled process: warms up unsampled, then steps; prints its id and steps per second.</summary>
    public static int Step(string name, int threads)
    {
        using var own = new OwnTraining(TrainCase.All.First(work => work.Name == name), threads);
        Stopwatched.Alternate(1, WarmUpSeconds / 2.0, () => own.Step());
        // Perf begins a little later than this process, so what it sees are these steps.
        var rate = Stopwatched.Alternate(1, Seconds / 2.0, () => own.Step())[0][0];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {rate}"));
        return 0;
    }

    private static (int Process, double StepsPerSecond) Record(TrainCase row, int threads, string data)
    {
        var start = new ProcessStartInfo("perf",
            ["record", "-q", "-F", "999", "-e", "cpu-clock", "-g", "-D", (WarmUpSeconds * 1000).ToString(CultureInfo.InvariantCulture), "-o", data,
                "dotnet", typeof(ProfileBenchmark).Assembly.Location, "steps", row.Name, threads.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        };
        // The names of compiled methods, written once: two mappings of the same code would be sampled under the one that has no names.
        start.Environment["DOTNET_PerfMapEnabled"] = "1";
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        using var perf = Process.Start(start)!;
        var output = perf.StandardOutput.ReadToEnd();
        perf.WaitForExit();
        return output.Split() is [var process, var rate, ..] && double.TryParse(rate, CultureInfo.InvariantCulture, out var steps) ? (int.Parse(process, CultureInfo.InvariantCulture), steps) : throw new InvalidOperationException($"perf record failed ({perf.ExitCode}): {output}");
    }

    private static List<(double With, double Self, string Method)> Sampled(string data)
    {
        using var perf = Process.Start(new ProcessStartInfo("perf", ["report", "-i", data, "--stdio", "--children", "-g", "none", "--sort", "symbol"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        perf.ErrorDataReceived += static (_, _) => { };
        perf.BeginErrorReadLine();
        var output = perf.StandardOutput.ReadToEnd();
        perf.WaitForExit();
        double number(Match match, string group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
        return [.. Line().Matches(output).Select(match => (number(match, "with"), number(match, "self"), Short(match.Groups["name"].Value))).OrderByDescending(line => line.Item2)];
    }

    private static string Table(TrainCase row, int threads, double stepsPerSecond, double peak, List<(double With, double Self, string Method)> methods)
    {
        var (plain, done) = (stepsPerSecond * row.Operations / 1e9, stepsPerSecond * row.OperationsDone / 1e9);
        var table = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{row.Name}, {threads} thread{(threads == 1 ? "" : "s")}: {done:F1} GFLOP/s done, {done / peak:P0} of the FMA peak of {peak:F1} ({plain:F1}, {plain / peak:P0} by the plain mathematics)\n\n"));
        table.Append("| method | % of the samples | with what it calls |\n|---|---|---|\n");
        foreach (var (with, self, method) in methods.Take(Methods)) table.AppendLine(CultureInfo.InvariantCulture, $"| `{method}` | {self:F1} | {with:F1} |");
        return table.AppendLine(CultureInfo.InvariantCulture, $"| all others | {methods.Skip(Methods).Sum(line => line.Self):F1} | |").ToString();
    }

    /// <summary>GFLOP/s of one thread.</summary>
    private static double Peak() => Stopwatched.Alternate(1, PeakSeconds, () => s_sink += FmaPeak.Run())[0][0] * FmaPeak.Operations / 1e9;

    private static bool IsThere(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Type and method, without assembly, signature and tier.</summary>
    private static string Short(string symbol)
    {
        var match = Managed().Match(symbol);
        return match.Success ? $"{match.Groups["type"].Value.Split('.')[^1]}.{match.Groups["method"].Value.Split('|')[0]}" : symbol.Trim().Split("  ")[0];
    }

    [GeneratedRegex(@"^\s+(?<with>[\d.]+)%\s+(?<self>[\d.]+)%\s+\[.\]\s(?<name>.+)$", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex(@"\[[\w.]+\]\s(?<type>[\w.`+<>\[\],]+?)::(?<method>[^(\[]+)")]
    private static partial Regex Managed();
}
