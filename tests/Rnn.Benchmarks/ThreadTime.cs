using System.Globalization;

namespace Rnn.Benchmarks;

/// <summary>What the threads of a process that bear a name took of the processors, as the kernel counts it (Linux).</summary>
internal static class ThreadTime
{
    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(100);

    /// <summary>Seconds on a processor of all threads whose names begin with <paramref name="name"/>, watched until something else has ended; what a thread took after the last look is missing.</summary>
    public static async Task<double> OfAsync(int process, string name, Task until)
    {
        var nanoseconds = new Dictionary<string, double>();
        while (!until.IsCompleted)
        {
            foreach (var thread in Directory.GetDirectories($"/proc/{process}/task"))
            {
                try
                {
                    if ((await File.ReadAllTextAsync($"{thread}/comm")).StartsWith(name, StringComparison.Ordinal))
                        nanoseconds[thread] = double.Parse((await File.ReadAllTextAsync($"{thread}/schedstat")).Split(' ')[0], CultureInfo.InvariantCulture);
                }
                catch (IOException)
                {
                    // It has ended between two looks.
                }
            }

            await Task.WhenAny(until, Task.Delay(s_between));
        }

        return nanoseconds.Values.Sum() / 1e9;
    }
}
