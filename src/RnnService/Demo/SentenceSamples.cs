using System.Text;

namespace RnnService.Demo;

/// <summary>
/// Sentences with negation and contrast. Every template uses words of both polarities in both roles, so counting words does not
/// tell the label: the order does.
/// </summary>
internal static class SentenceSamples
{
    private static readonly string[] Good = ["good", "wonderful", "charming", "brilliant", "moving", "fresh", "delightful", "gripping", "warm", "clever", "great", "beautiful"];
    private static readonly string[] Bad = ["bad", "terrible", "dull", "clumsy", "boring", "stale", "awful", "tedious", "cold", "stupid", "poor", "ugly"];
    private static readonly string[] Things = ["film", "movie", "story", "plot", "ending", "music", "script", "book", "play", "show", "concert", "dialogue"];
    private static readonly string[] Degrees = ["", "really ", "truly ", "quite ", "rather ", "simply ", "so "];
    private static readonly string[] Tails = ["", " in the end", " from start to finish", " all in all", " to be honest", " if you ask me"];

    // {w} agrees with the label, {l} is its opposite; {W} starts a sentence.
    private static readonly string[] Templates =
    [
        "The {thing} was {degree}{w}{tail}.",
        "The {thing} was not {l}{tail}.",
        "The {thing} was {w}, not {l} at all.",
        "The {thing} was not {l} but {degree}{w}.",
        "I expected the {thing} to be {l}, but it was {degree}{w}.",
        "I expected something {l} and got something {w}{tail}.",
        "People called the {thing} {l}, yet I found it {degree}{w}.",
        "It was {degree}{w}, even though my friends had called it {l}.",
        "{W}, not {l}: that was the {thing}{tail}.",
        "Not {l} but {w}, this {thing}.",
        "The {thing} began {l} and ended {degree}{w}.",
        "Although the {other} was {l}, the {thing} was {degree}{w}{tail}.",
        "Nobody could call this {thing} {l}.",
        "I never found the {thing} {l}, it was {w}{tail}.",
        "What looked {l} at first turned out {degree}{w}{tail}.",
        "The {other} was {l}, but the {thing} was {w} and that is what counts.",
    ];

    /// <summary>Pairs of the same words in another order, with opposite labels; never part of what <see cref="Make"/> gives.</summary>
    public static IReadOnlyList<(string Text, string Label)> Showcase { get; } =
    [
        ("I expected the film to be dull, but it was truly wonderful.", "positive"),
        ("I expected the film to be wonderful, but it was truly dull.", "negative"),
        ("The ending was good, not bad at all.", "positive"),
        ("The ending was bad, not good at all.", "negative"),
        ("The story began cold and ended quite warm.", "positive"),
        ("The story began warm and ended quite cold.", "negative"),
    ];

    /// <summary>Distinct sentences, as many of each label.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">The same seed gives the same sentences.</param>
    /// <param name="except">Sentences that must not appear.</param>
    public static IReadOnlyList<(string Text, string Label)> Make(int count, int seed, IReadOnlySet<string>? except = null)
    {
        var random = new Random(seed);
        var seen = new HashSet<string>(except ?? new HashSet<string>(), StringComparer.Ordinal);
        seen.UnionWith(Showcase.Select(sample => sample.Text));
        var samples = new List<(string, string)>(count);
        while (samples.Count < count)
        {
            var positive = samples.Count % 2 == 0;
            var text = Sentence(random, positive ? Good : Bad, positive ? Bad : Good);
            if (seen.Add(text)) samples.Add((text, positive ? "positive" : "negative"));
        }

        return samples;
    }

    /// <summary>The samples as CSV with the columns <c>text,label</c>.</summary>
    public static byte[] ToCsv(IEnumerable<(string Text, string Label)> samples)
    {
        var csv = new StringBuilder("text,label\n");
        foreach (var (text, label) in samples) csv.Append('"').Append(text.Replace("\"", "\"\"", StringComparison.Ordinal)).Append("\",").Append(label).Append('\n');
        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    private static string Sentence(Random random, string[] with, string[] against)
    {
        var word = Pick(random, with);
        var thing = Pick(random, Things);
        var other = Pick(random, Things);
        while (other == thing) other = Pick(random, Things);
        return new StringBuilder(Pick(random, Templates))
            .Replace("{w}", word)
            .Replace("{W}", char.ToUpperInvariant(word[0]) + word[1..])
            .Replace("{l}", Pick(random, against))
            .Replace("{thing}", thing)
            .Replace("{other}", other)
            .Replace("{degree}", Pick(random, Degrees))
            .Replace("{tail}", Pick(random, Tails))
            .ToString();
    }

    private static string Pick(Random random, string[] words) => words[random.Next(words.Length)];
}
