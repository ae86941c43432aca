using System.Globalization;
using System.Text;

namespace RnnService.Demo;

/// <summary>Measurements of flowers, in centimetres: every species has its own normal distribution of each, and no single measurement tells them all apart.</summary>
internal static class FlowerSamples
{
    /// <summary>What is measured, in order.</summary>
    public static IReadOnlyList<string> Measurements { get; } = ["petal_length", "petal_width", "stem_length", "leaf_width"];

    // Mean and standard deviation of each measurement.
    private static readonly (string Label, (double Mean, double Deviation)[] Of)[] Species =
    [
        ("bellflower", [(2.6, 0.3), (2.0, 0.2), (38, 6), (1.6, 0.2)]),
        ("daisy", [(1.4, 0.2), (0.3, 0.05), (12, 3), (1.5, 0.3)]),
        ("lily", [(7.5, 0.9), (2.2, 0.3), (65, 10), (2.1, 0.3)]),
        ("tulip", [(5.2, 0.6), (3.1, 0.4), (36, 6), (4.8, 0.8)]),
    ];

    /// <summary>The species, which are the labels.</summary>
    public static IReadOnlyList<string> Labels { get; } = [.. Species.Select(species => species.Label)];

    /// <summary>Flowers, the species in turn.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">The same seed gives the same flowers.</param>
    public static IReadOnlyList<(float[] Features, string Label)> Make(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => Species[i % Species.Length]).Select(species => (Measure(random, species.Of), species.Label))];
    }

    /// <summary>The samples as CSV: the measurements' names and <c>label</c>.</summary>
    public static byte[] ToCsv(IEnumerable<(float[] Features, string Label)> samples)
    {
        var csv = new StringBuilder(string.Join(',', Measurements)).Append(",label\n");
        foreach (var (features, label) in samples)
            csv.AppendJoin(',', features.Select(number => number.ToString(CultureInfo.InvariantCulture))).Append(',').Append(label).Append('\n');
        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    private static float[] Measure(Random random, (double Mean, double Deviation)[] of) =>
        [.. of.Select(one => (float)Math.Round(Math.Max(0.1, one.Mean + one.Deviation * Normal(random)), 1))];

    // Box and Muller 1958.
    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
