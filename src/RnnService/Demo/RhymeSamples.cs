using System.Text;

namespace RnnService.Demo;

/// <summary>Nursery rhymes without end: couplets from a small grammar, whose second line rhymes with its first.</summary>
internal static class RhymeSamples
{
    // Who rhymes with what.
    private static readonly string[][] Rhymes =
    [
        ["cat", "hat", "mat", "rat", "bat"],
        ["dog", "log", "frog", "hog"],
        ["mouse", "house", "louse"],
        ["bee", "tree", "key", "flea"],
        ["fox", "box", "clocks", "ox"],
        ["goat", "boat", "coat", "stoat"],
        ["hen", "pen", "den", "wren"],
        ["duck", "truck", "buck"],
        ["king", "ring", "string", "spring"],
    ];

    private static readonly string[] Manners = ["little", "old", "merry", "sleepy", "hungry", "clever"];
    private static readonly string[] Deeds = ["sat on", "danced with", "ran after", "looked at", "sang to", "jumped over", "hid behind"];
    private static readonly string[] Times = ["all day", "in May", "one night", "at noon", "by the light of the moon"];

    // {a} and {b} rhyme; {m} a manner, {d} and {e} deeds, {o} another creature, {t} a time.
    private static readonly string[] Couplets =
    [
        "The {m} {a} {d} the {o},\nand then it {e} the {b}.\n",
        "The {a} {d} the {b},\nand the {o} came to play {t}.\n",
        "Once there was a {m} {a}\nwho {d} a {m} {b}.\n",
        "Look, said the {o} to the {a},\nwho is that? It is the {b}.\n",
        "Where is the {m} {a}?\nIt {d} the {b} {t}.\n",
        "The {o} {d} the {a} {t},\nand the {m} {b} {d} the hay.\n",
    ];

    /// <summary>A text of verses, separated by empty lines.</summary>
    /// <param name="characters">About how many characters.</param>
    /// <param name="seed">The same seed gives the same text.</param>
    public static string Make(int characters, int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder(characters + 200);
        while (text.Length < characters) text.Append(Couplet(random)).Append(Couplet(random)).Append('\n');
        return text.ToString();
    }

    /// <summary>All words that a text may have, in lower case.</summary>
    public static IReadOnlySet<string> Words { get; } =
        Rhymes.SelectMany(rhyme => rhyme).Concat(Manners).Concat(Deeds).Concat(Times).Concat(Couplets).SelectMany(WordsOf).Where(word => word[0] != '{').ToHashSet(StringComparer.Ordinal);

    /// <summary>The words of a text, in lower case.</summary>
    public static IEnumerable<string> WordsOf(string text) => text.ToLowerInvariant().Split([' ', '\n', '.', ',', '?'], StringSplitOptions.RemoveEmptyEntries);

    private static string Couplet(Random random)
    {
        var rhyme = Rhymes[random.Next(Rhymes.Length)];
        var (first, second) = (random.Next(rhyme.Length), random.Next(rhyme.Length - 1));
        var couplet = new StringBuilder(Pick(random, Couplets));
        foreach (var part in (string[])["{m}", "{d}", "{e}", "{o}", "{t}"])
            couplet.Replace(part, Pick(random, part switch
            {
                "{m}" => Manners,
                "{o}" => Rhymes[random.Next(Rhymes.Length)],
                "{t}" => Times,
                _ => Deeds,
            }));
        return couplet.Replace("{a}", rhyme[first]).Replace("{b}", rhyme[second < first ? second : second + 1]).ToString();
    }

    private static string Pick(Random random, string[] words) => words[random.Next(words.Length)];
}
