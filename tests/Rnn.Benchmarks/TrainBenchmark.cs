using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Rnn.Benchmarks;

/// <summary>
/// One whole training step (forward, cross-entropy, backward, clipping, Adam) of the core and of libtorch through TorchSharp, in one process, from the same
/// weights on the same batch. The first steps' losses must agree to 1e-4 before anything is timed.
/// </summary>
internal static class TrainBenchmark
{
#if TORCH
    private const int Rounds = 5;
    private const double Seconds = 1.0;

    private static float s_sink;

    public static int Run(string[] args)
    {
        var only = args.SkipWhile(arg => arg != "--only").Skip(1).FirstOrDefault();
        PrepareLibrary();
        var table = new StringBuilder("| step | threads | Rnn, tokens/s (min–max) | TorchSharp 0.107.0, tokens/s (min–max) | ratio | share of the FMA peak, plain mathematics | multiplications done | peak MiB, Rnn | TorchSharp |\n|---|---|---|---|---|---|---|---|---|\n");
        foreach (var work in TrainCase.All.Where(work => only is null || work.Name.Contains(only, StringComparison.Ordinal)))
            foreach (var threads in new[] { 1, Environment.ProcessorCount }.Distinct().Where(threads => threads > 1 || !work.IsDisturbed))
                table.AppendLine(Measure(work, threads));
        Report.Write("train", table.ToString(), only is not null || args.Contains("--dry"));
        return 0;
    }

    /// <summary>Ten steps of one contestant, for their memory.</summary>
    public static int Peak(bool own, string row, int threads)
    {
        var work = TrainCase.All.Single(work => work.Name == row);
        using IDisposable contestant = own ? new OwnTraining(work, threads) : new TorchOpponent(work, threads, []);
        return PeakMemory.Say(() => _ = contestant is OwnTraining core ? core.Step() : ((TorchOpponent)contestant).Step(), 10);
    }

    private static string Measure(TrainCase work, int threads)
    {
        using var other = work.IsDisturbed ? new BusyCore() : null;
        using var own = new OwnTraining(work, threads);
        using var torch = new TorchOpponent(work, threads, own.Weights);
        for (var step = 0; step < 5; step++)
        {
            var (mine, theirs) = (own.Step(), torch.Step());
            if (!(Math.Abs(mine - theirs) <= 1e-4)) throw new InvalidOperationException($"{work.Name}: loss {mine} of step {step + 1}, TorchSharp has {theirs}: not the same computation");
        }

        var rates = Stopwatched.Alternate(Rounds, Seconds, () => own.Step(), () => torch.Step(), () => s_sink += FmaPeak.Run());
        double[] mineRates = [.. rates[0].Select(r => r * work.Tokens)], theirRates = [.. rates[1].Select(r => r * work.Tokens)];
        string Text(double[] r) => string.Create(CultureInfo.InvariantCulture, $"{Report.Median(r):N0} ({r.Min():N0}–{r.Max():N0})");
        // One thread's peak in the same rounds. Beside another process neither has the cores that the peak is of.
        string Share(double operations) => work.IsDisturbed ? "–"
            : string.Create(CultureInfo.InvariantCulture, $"{Report.Median(rates[0].Zip(rates[2], (steps, peak) => steps * operations / (peak * FmaPeak.Operations * threads))):P0}");
        double Memory(string who) => PeakMemory.Measure(who, work.Name, threads.ToString(CultureInfo.InvariantCulture));
        var line = string.Create(CultureInfo.InvariantCulture, $"| {work.Name} | {threads} | {Text(mineRates)} | {Text(theirRates)} | {Report.Median(mineRates.Zip(theirRates, (m, t) => m / t)):F2} ")
            + string.Create(CultureInfo.InvariantCulture, $"| {Share(work.Operations)} | {Share(work.OperationsDone)} | {Memory("own"):F0} | {Memory("torch"):F0} |");
        Console.Error.WriteLine(line);
        return line;
    }

    /// <summary>TorchSharp's native library asks for a newer libstdc++ than Debian 12 has; the copy in our output folder is patched.</summary>
    private static void PrepareLibrary()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var fix = Process.Start(new ProcessStartInfo("sh", [Path.Combine(AppContext.BaseDirectory, "fix-libstdcxx.sh"), AppContext.BaseDirectory]))!;
        fix.WaitForExit();
        if (fix.ExitCode != 0) throw new InvalidOperationException("fix-libstdcxx.sh failed: it needs gcc, patchelf and python3 (apt-get install gcc patchelf python3)");
    }
#else
    /// <summary>Builds this project once more, with libtorch, and runs that.</summary>
    public static int Run(string[] args)
    {
        Console.Error.WriteLine("building with libtorch (hundreds of megabytes at the first time) ...");
        using var child = Process.Start(new ProcessStartInfo("dotnet", ["run", "-c", "Release", "--project", Report.Folder(), "-p:Torch=true", "--", "train", .. args]))!;
        child.WaitForExit();
        return child.ExitCode;
    }
#endif
}
