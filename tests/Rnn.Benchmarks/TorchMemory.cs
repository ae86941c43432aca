using System.Diagnostics;
using System.Globalization;

namespace Rnn.Benchmarks;

/// <summary>Peak resident memory of one contestant at one row of the training benchmark, in a process of its own, runtime and libraries included.</summary>
internal static class TorchMemory
{
    private const int Steps = 10;

    /// <summary>MiB, of the core or of libtorch.</summary>
    public static double Measure(TrainCase work, int threads, bool own)
    {
        var row = TrainCase.All.Select((one, i) => (one, i)).First(pair => ReferenceEquals(pair.one, work)).i;
        string[] arguments = [typeof(TorchMemory).Assembly.Location, "peak", own ? "own" : "torch", row.ToString(CultureInfo.InvariantCulture), threads.ToString(CultureInfo.InvariantCulture)];
        using var child = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return child.ExitCode == 0 ? double.Parse(output, CultureInfo.InvariantCulture) : throw new InvalidOperationException($"{work.Name}: the process that measures memory has failed");
    }

    /// <summary>That process.</summary>
    public static int Run(bool own, int row, int threads)
    {
        var work = TrainCase.All[row];
        using IDisposable contestant = own ? new OwnTraining(work, threads) : new TorchOpponent(work, threads, []);
        for (var i = 0; i < Steps; i++) _ = contestant is OwnTraining core ? core.Step() : ((TorchOpponent)contestant).Step();
        Console.WriteLine(ResidentMemory.Peak(Environment.ProcessId).ToString(CultureInfo.InvariantCulture));
        return 0;
    }
}
