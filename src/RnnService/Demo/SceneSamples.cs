using System.Text;

namespace RnnService.Demo;

/// <summary>Scenes of some equal things at one place, described twice: by attributes that hold (1) or do not (0), and by an English sentence.</summary>
internal static class SceneSamples
{
    private static readonly string[] Counts = ["one", "two", "three", "four"];
    private static readonly string[] Colours = ["red", "green", "blue", "yellow", "black"];
    private static readonly string[] Shapes = ["circle", "square", "star", "cross", "heart"];
    private static readonly string[] Places = ["left", "right", "top", "bottom", "middle"];
    private static readonly string[] Phrases = ["on the left", "on the right", "at the top", "at the bottom", "in the middle"];

    /// <summary>The attributes, in order: of each kind one holds.</summary>
    public static IReadOnlyList<string> Attributes { get; } = [.. Counts, .. Colours, .. Shapes, .. Places];

    /// <summary>Every scene there is, in an order drawn: the beginning to learn from leaves scenes at the end that are new.</summary>
    /// <param name="seed">The same seed gives the same order.</param>
    public static IReadOnlyList<(float[] Features, string Text)> All(int seed)
    {
        var scenes = (from count in Enumerable.Range(0, Counts.Length)
                      from colour in Enumerable.Range(0, Colours.Length)
                      from shape in Enumerable.Range(0, Shapes.Length)
                      from place in Enumerable.Range(0, Places.Length)
                      select (Describe(count, colour, shape, place), Caption(count, colour, shape, place))).ToArray();
        new Random(seed).Shuffle(scenes);
        return scenes;
    }

    /// <summary>The samples as CSV: the attributes' names and <c>text</c>.</summary>
    public static byte[] ToCsv(IEnumerable<(float[] Features, string Text)> samples)
    {
        var csv = new StringBuilder(string.Join(',', Attributes)).Append(",text\n");
        foreach (var (features, text) in samples) csv.AppendJoin(',', features).Append(',').Append(text).Append('\n');
        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    /// <summary>The attributes that hold.</summary>
    public static string Names(float[] features) => string.Join(' ', Attributes.Where((_, i) => features[i] == 1));

    private static float[] Describe(int count, int colour, int shape, int place)
    {
        string[] holding = [Counts[count], Colours[colour], Shapes[shape], Places[place]];
        return [.. Attributes.Select(attribute => holding.Contains(attribute) ? 1f : 0f)];
    }

    private static string Caption(int count, int colour, int shape, int place) => count == 0
        ? $"There is one {Colours[colour]} {Shapes[shape]} {Phrases[place]}."
        : $"There are {Counts[count]} {Colours[colour]} {Plural(Shapes[shape])} {Phrases[place]}.";

    private static string Plural(string noun) => noun.EndsWith('s') ? noun + "es" : noun + "s";
}
