using System.Globalization;
using System.Text;

namespace RnnService.Demo;

/// <summary>A level that rests, rises or falls for some steps at a time, read by two noisy sensors. One frame tells nothing of its label; those before it do.</summary>
internal static class SignalSamples
{
    private const double Noise = 0.15;
    private const double Bound = 4;

    /// <summary>The regimes, which are the labels.</summary>
    public static IReadOnlyList<string> Regimes { get; } = ["rest", "rise", "fall"];

    /// <summary>Signals of 20 to 40 frames that begin at rest, with a label for each frame.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">The same seed gives the same signals.</param>
    public static IReadOnlyList<(float[][] Frames, string[] Labels)> Make(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Signal(random, random.Next(20, 41)))];
    }

    /// <summary>The samples as JSON Lines of <c>{"frames":[[…],…],"labels":["…",…]}</c>.</summary>
    public static byte[] ToJsonLines(IEnumerable<(float[][] Frames, string[] Labels)> samples)
    {
        var lines = new StringBuilder();
        foreach (var (frames, labels) in samples)
            lines.Append("{\"frames\":").Append(ToJson(frames)).Append(",\"labels\":[\"").AppendJoin("\",\"", labels).Append("\"]}\n");
        return Encoding.UTF8.GetBytes(lines.ToString());
    }

    /// <summary>The frames as a JSON array of arrays.</summary>
    public static string ToJson(IEnumerable<float[]> frames) => "[" + string.Join(",", frames.Select(ToJson)) + "]";

    /// <summary>A frame as a JSON array.</summary>
    public static string ToJson(float[] frame) => "[" + string.Join(",", frame.Select(number => number.ToString("0.##", CultureInfo.InvariantCulture))) + "]";

    private static (float[][] Frames, string[] Labels) Signal(Random random, int length)
    {
        var (frames, labels) = (new float[length][], new string[length]);
        var (level, slope, left, regime) = (2 * random.NextDouble() - 1, 0.0, random.Next(3, 7), "rest");
        for (var t = 0; t < length; t++)
        {
            if (left-- == 0)
            {
                regime = Next(random, regime, level);
                left = random.Next(4, 9);
                slope = regime == "rest" ? 0 : (0.4 + 0.4 * random.NextDouble()) * (regime == "rise" ? 1 : -1);
            }

            level += slope;
            frames[t] = [Read(random, level), Read(random, level)];
            labels[t] = regime;
        }

        return (frames, labels);
    }

    // Another regime than before, and none that leads ever further away.
    private static string Next(Random random, string before, double level)
    {
        var possible = Regimes.Where(regime => regime != before && !(regime == "rise" && level > Bound) && !(regime == "fall" && level < -Bound)).ToList();
        return possible[random.Next(possible.Count)];
    }

    private static float Read(Random random, double level) => (float)Math.Round(level + Noise * (2 * random.NextDouble() - 1), 2);
}
