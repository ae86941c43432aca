using System.Diagnostics;

namespace Rnn.Benchmarks;

/// <summary>Rates of contestants measured in alternating rounds, so that a slow minute of the machine meets all of them.</summary>
internal static class Stopwatched
{
    /// <summary>Calls per second of each contestant in each round; the first to go changes from round to round.</summary>
    public static double[][] Alternate(int rounds, double seconds, params Action[] contestants)
    {
        foreach (var contestant in contestants) Rate(contestant, seconds);
        var rates = contestants.Select(_ => new double[rounds]).ToArray();
        for (var round = 0; round < rounds; round++)
            for (var i = 0; i < contestants.Length; i++)
            {
                var who = (round + i) % contestants.Length;
                rates[who][round] = Rate(contestants[who], seconds);
            }

        return rates;
    }

    /// <summary>The median time of a call in microseconds, of each contestant in each round.</summary>
    public static double[][] AlternateMedians(int rounds, double seconds, params Action[] contestants)
    {
        foreach (var contestant in contestants) MedianTime(contestant, seconds);
        var times = contestants.Select(_ => new double[rounds]).ToArray();
        for (var round = 0; round < rounds; round++)
            for (var i = 0; i < contestants.Length; i++)
            {
                var who = (round + i) % contestants.Length;
                times[who][round] = MedianTime(contestants[who], seconds);
            }

        return times;
    }

    private static double MedianTime(Action action, double seconds)
    {
        var (times, start) = (new List<double>(1 << 16), Stopwatch.GetTimestamp());
        do
        {
            var before = Stopwatch.GetTimestamp();
            action();
            times.Add(Stopwatch.GetElapsedTime(before).TotalMicroseconds);
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds);
        return Report.Median(times);
    }

    private static double Rate(Action action, double seconds)
    {
        var (calls, start) = (0, Stopwatch.GetTimestamp());
        do
        {
            action();
            calls++;
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds);
        return calls / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
