using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Rnn.Benchmarks;

/// <summary>
/// One whole training step (embedding, LSTM, last state, linear head, cross-entropy, backward, clipping, Adam) of the core and of
/// libtorch through TorchSharp, in one process, from the same weights on the same batch. The first steps' losses must agree to 1e-4
/// before anything is timed.
/// </summary>
internal static class TrainBenchmark
{
#if TORCH
    private const int Rounds = 9;
    private const double Seconds = 1.0;

    internal sealed record Case(string Name, int Vocabulary, int Embedding, int Hidden, int Steps, int Rows, int Classes);

    private static readonly Case[] s_cases =
    [
        new("sentences: V 10,000, E 128, H 128, T 24, N 32", 10_000, 128, 128, 24, 32, 2),
        new("characters: V 65, E 64, H 256, T 64, N 32", 65, 64, 256, 64, 32, 65),
        new("characters: V 65, E 64, H 512, T 64, N 64", 65, 64, 512, 64, 64, 65),
    ];

    public static int Run(string[] args)
    {
        PrepareLibrary();
        var table = new StringBuilder("| step | threads | Rnn, tokens/s (min–max) | TorchSharp 0.107.0, tokens/s (min–max) | ratio |\n|---|---|---|---|---|\n");
        foreach (var size in s_cases)
            foreach (var threads in new[] { 1, Environment.ProcessorCount }.Distinct())
                table.AppendLine(Measure(size, threads));
        Report.Write("train", table.ToString(), args.Contains("--dry"));
        return 0;
    }

    private static string Measure(Case size, int threads)
    {
        using var own = new OwnTraining(size, threads);
        using var torch = new TorchOpponent(size, threads, own.Weights);
        for (var step = 0; step < 5; step++)
        {
            var (mine, theirs) = (own.Step(), torch.Step());
            if (!(Math.Abs(mine - theirs) <= 1e-4)) throw new InvalidOperationException($"{size.Name}: loss {mine} of step {step + 1}, TorchSharp has {theirs}: not the same computation");
        }

        var rates = Stopwatched.Alternate(Rounds, Seconds, () => own.Step(), () => torch.Step());
        double tokens = size.Rows * size.Steps;
        double[] mineRates = [.. rates[0].Select(r => r * tokens)], theirRates = [.. rates[1].Select(r => r * tokens)];
        string Text(double[] r) => string.Create(CultureInfo.InvariantCulture, $"{Report.Median(r):N0} ({r.Min():N0}–{r.Max():N0})");
        var line = string.Create(CultureInfo.InvariantCulture, $"| {size.Name} | {threads} | {Text(mineRates)} | {Text(theirRates)} | {Report.Median(mineRates.Zip(theirRates, (m, t) => m / t)):F2} |");
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
