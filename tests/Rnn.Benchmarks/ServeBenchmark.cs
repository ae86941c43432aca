using System.Diagnostics;
#if ONNX
using System.Globalization;
using System.Text;
#endif

namespace Rnn.Benchmarks;

/// <summary>Inference of the core beside ONNX Runtime's, one thread each, the same weights and the same answers.</summary>
internal static class ServeBenchmark
{
#if ONNX
    private const int Rounds = 11;
    private const double Seconds = 0.25;
    private const int Calls = 1000;

    public static int Run(string[] args)
    {
        var only = args.SkipWhile(arg => arg != "--only").Skip(1).FirstOrDefault();
        var table = new StringBuilder("| one call | Rnn, p50 µs (min–max) | ONNX Runtime 1.31.1, p50 µs (min–max) | ratio | bytes allocated a call | peak MiB, Rnn | ONNX Runtime |\n|---|---|---|---|---|---|---|\n");
        for (var row = 0; row < ServeCase.All.Count; row++)
        {
            var work = ServeCase.All[row]();
            if (only is null || work.Name.Contains(only, StringComparison.Ordinal)) table.AppendLine(Measure(work, row));
        }

        if (only is null or "http") table.AppendLine().Append(OnnxHttp.RunAsync().GetAwaiter().GetResult());
        Report.Write("serve", table.ToString(), only is not null || args.Contains("--dry"));
        return 0;
    }

    /// <summary>A thousand calls of one contestant, for their memory.</summary>
    public static int Peak(bool own, int row)
    {
        var work = ServeCase.All[row]();
        return PeakMemory.Say(own ? work.Own : work.Onnx(), Calls);
    }

    private static string Measure(ServeCase work, int row)
    {
        double Memory(string who) => PeakMemory.Measure(who, row.ToString(CultureInfo.InvariantCulture));
        var micros = Stopwatched.AlternateMedians(Rounds, Seconds, work.Own, work.Onnx());
        string Text(double[] r) => string.Create(CultureInfo.InvariantCulture, $"{Report.Median(r):F1} ({r.Min():F1}–{r.Max():F1})");
        var ratio = Report.Median(micros[0].Zip(micros[1], (own, onnx) => onnx / own));
        var line = string.Create(CultureInfo.InvariantCulture, $"| {work.Name} | {Text(micros[0])} | {Text(micros[1])} | {ratio:F2} | {Allocated(work.Own):F0} ")
            + string.Create(CultureInfo.InvariantCulture, $"| {Memory("own"):F0} | {Memory("onnx"):F0} |");
        Console.Error.WriteLine(line);
        return line;
    }

    private static double Allocated(Action call)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Calls; i++) call();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Calls;
    }
#else
    /// <summary>Builds this project once more, with ONNX Runtime, and runs that.</summary>
    public static int Run(string[] args)
    {
        Console.Error.WriteLine("building with ONNX Runtime ...");
        using var child = Process.Start(new ProcessStartInfo("dotnet", ["run", "-c", "Release", "--project", Report.Folder(), "-p:Onnx=true", "--", "serve", .. args]))!;
        child.WaitForExit();
        return child.ExitCode;
    }
#endif
}
