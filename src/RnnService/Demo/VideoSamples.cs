using System.Globalization;
using System.Text;

namespace RnnService.Demo;

/// <summary>
/// Tiny rendered videos: a soft dot moves over an 8 × 8 screen whose edges are joined, over noise. Where the dot is in a frame is
/// equally likely for every motion, so no single frame tells the label; only the order of the frames does.
/// </summary>
internal static class VideoSamples
{
    /// <summary>Pixels of one side; a frame has its square of numbers, row by row, 0 black to 1 white.</summary>
    public const int Side = 8;

    private const double DotWidth = 0.8;
    private const double Noise = 0.05;

    /// <summary>The motions, which are the labels.</summary>
    public static IReadOnlyList<string> Motions { get; } = ["left", "right", "up", "down", "clockwise", "anticlockwise"];

    /// <summary>Videos of 8 to 14 frames, the motions in turn.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">The same seed gives the same videos.</param>
    public static IReadOnlyList<(float[][] Frames, string Label)> Make(int count, int seed)
    {
        var random = new Random(seed);
        var samples = new List<(float[][], string)>(count);
        for (var i = 0; i < count; i++)
        {
            var motion = Motions[i % Motions.Count];
            samples.Add((Render(random, motion), motion));
        }

        return samples;
    }

    /// <summary>The samples as JSON Lines of <c>{"frames":[[…],…],"label":"…"}</c>.</summary>
    public static byte[] ToJsonLines(IEnumerable<(float[][] Frames, string Label)> samples)
    {
        var lines = new StringBuilder();
        foreach (var (frames, label) in samples)
            lines.Append("{\"frames\":").Append(ToJson(frames)).Append(",\"label\":\"").Append(label).Append("\"}\n");
        return Encoding.UTF8.GetBytes(lines.ToString());
    }

    /// <summary>The frames as a JSON array of arrays.</summary>
    public static string ToJson(float[][] frames) =>
        "[" + string.Join(",", frames.Select(frame => "[" + string.Join(",", frame.Select(pixel => pixel.ToString("0.##", CultureInfo.InvariantCulture))) + "]")) + "]";

    private static float[][] Render(Random random, string motion)
    {
        var frames = new float[random.Next(8, 15)][];
        var (x, y) = (random.NextDouble() * Side, random.NextDouble() * Side);
        var speed = 0.6 + 0.5 * random.NextDouble();
        var angle = random.NextDouble() * 2 * Math.PI;
        var brightness = 0.7 + 0.3 * random.NextDouble();
        const double radius = 2;
        for (var t = 0; t < frames.Length; t++)
        {
            // The screen's y grows downwards, so a growing angle turns clockwise.
            var (dx, dy) = motion switch
            {
                "left" => (-speed * t, 0.0),
                "right" => (speed * t, 0.0),
                "up" => (0.0, -speed * t),
                "down" => (0.0, speed * t),
                "clockwise" => Circle(angle + speed * t / radius, radius),
                _ => Circle(angle - speed * t / radius, radius),
            };
            frames[t] = Frame(random, x + dx, y + dy, brightness);
        }

        return frames;
    }

    private static (double X, double Y) Circle(double angle, double radius) => (radius * Math.Cos(angle), radius * Math.Sin(angle));

    private static float[] Frame(Random random, double x, double y, double brightness)
    {
        var frame = new float[Side * Side];
        for (var row = 0; row < Side; row++)
            for (var column = 0; column < Side; column++)
            {
                var (dx, dy) = (Around(column - x), Around(row - y));
                var light = brightness * Math.Exp(-(dx * dx + dy * dy) / (2 * DotWidth * DotWidth));
                frame[row * Side + column] = (float)Math.Round(Math.Clamp(light + Noise * (2 * random.NextDouble() - 1), 0, 1), 2);
            }

        return frame;
    }

    // The shortest way between two points of a line whose ends are joined.
    private static double Around(double distance) => distance - Side * Math.Round(distance / Side);
}
