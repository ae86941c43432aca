using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rnn.Benchmarks;

/// <summary>Puts a measured table, with machine and date, between the markers of its section in the README beside this file.</summary>
internal static class Report
{
    public static void Write(string section, string table, bool dry)
    {
        var text = $"{Machine()}\n\n{table.TrimEnd()}";
        Console.WriteLine(text);
        if (dry) return;
        var (path, begin, end) = (Path.Combine(Folder(), "README.md"), $"<!-- {section}: begin -->", $"<!-- {section}: end -->");
        var readme = File.ReadAllText(path);
        var (from, to) = (readme.IndexOf(begin, StringComparison.Ordinal), readme.IndexOf(end, StringComparison.Ordinal));
        if (from < 0 || to < from) throw new InvalidDataException($"{path} has no section {section}");
        File.WriteAllText(path, $"{readme[..(from + begin.Length)]}\n{text}\n{readme[to..]}");
        Console.WriteLine($"written to {path}");
    }

    /// <summary>The folder of the benchmarks' sources.</summary>
    public static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Machine()
    {
        var model = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() : null;
        var vectors = Vector512.IsHardwareAccelerated ? "512-bit vectors" : Vector256.IsHardwareAccelerated ? "256-bit vectors" : "128-bit vectors";
        return $"{DateTime.UtcNow:yyyy-MM-dd}, {model ?? RuntimeInformation.ProcessArchitecture.ToString()}, {Environment.ProcessorCount} logical cores, {vectors}, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";
    }
}
