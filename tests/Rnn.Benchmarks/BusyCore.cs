using System.Diagnostics;
using System.Globalization;

namespace Rnn.Benchmarks;

/// <summary>Another process that keeps one core busy until this is disposed of, or until the process that started it is gone.</summary>
internal sealed class BusyCore : IDisposable
{
    private readonly Process _process = Process.Start("dotnet", [typeof(BusyCore).Assembly.Location, "spin", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)]);

    /// <summary>The other process: adds up as long as its parent is there.</summary>
    public static int Spin(int parent)
    {
        var sum = 0ul;
        while (IsAlive(parent))
            for (var i = 0ul; i < 100_000_000; i++) sum = (sum * 3) + i;
        return (int)(sum & 1);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static bool IsAlive(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
