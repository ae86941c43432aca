using System.Diagnostics;
using System.Globalization;

namespace Rnn.Benchmarks;

/// <summary>Peak resident memory of one contestant at one row of a table, in a process of its own, runtime and libraries included.</summary>
internal static class PeakMemory
{
    /// <summary>MiB of this program started with <c>peak</c> and these arguments.</summary>
    public static double Measure(params string[] arguments)
    {
        using var child = Process.Start(new ProcessStartInfo("dotnet", [typeof(PeakMemory).Assembly.Location, "peak", .. arguments]) { RedirectStandardOutput = true })!;
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return child.ExitCode == 0 ? double.Parse(output, CultureInfo.InvariantCulture) : throw new InvalidOperationException($"the process that measures memory has failed: peak {string.Join(' ', arguments)}");
    }

    /// <summary>In that process: does the work so many times and says how much it took at most.</summary>
    public static int Say(Action work, int times)
    {
        for (var i = 0; i < times; i++) work();
        Console.WriteLine(ResidentMemory.Peak(Environment.ProcessId).ToString(CultureInfo.InvariantCulture));
        return 0;
    }
}
