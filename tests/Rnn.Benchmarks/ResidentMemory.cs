using System.Globalization;

namespace Rnn.Benchmarks;

/// <summary>Memory of a process that is really in RAM, as the kernel counts it (Linux).</summary>
internal static class ResidentMemory
{
    /// <summary>Now, in MiB.</summary>
    public static double Now(int process) => Read(process, "VmRSS:");

    /// <summary>The most since the process began, in MiB.</summary>
    public static double Peak(int process) => Read(process, "VmHWM:");

    private static double Read(int process, string name)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024;
    }
}
