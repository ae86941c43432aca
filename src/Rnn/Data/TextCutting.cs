using System.Text;
using System.Text.RegularExpressions;

namespace Rnn.Data;

/// <summary>
/// From a text to its words or characters. Where spaces are kept one is put before the text, so that its first word is the same token as elsewhere,
/// and the pieces, one after the other, are exactly that.
/// </summary>
internal static partial class TextCutting
{
    // What is made of so many characters is gone with the youngest generation.
    private const int PartLength = 1 << 11;

    /// <summary>UTF-16 units of the longest word that BPE sees whole: bounds the work on a text that never pauses.</summary>
    public const int LongestWord = 64;

    // Thai, kana and Han write no spaces: they go character by character.
    private const string Unspaced = @"\u0E00-\u0E7F\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF";
    private const string Letter = $@"[\w\p{{M}}-[{Unspaced}]]";
    private const string Word = $@"[\uD800-\uDBFF][\uDC00-\uDFFF]\p{{M}}*|[{Unspaced}]|{Letter}+(?:['’]{Letter}+)*|[^\w\p{{M}}\s]\p{{M}}*";

    /// <summary>The spelling that counts.</summary>
    public static string Fold(string text, TokenizerConfig config)
    {
        // Half a surrogate pair cannot be stored as JSON: it becomes U+FFFD here, as it would there.
        string whole = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        string composed = config.Normalization == Normalization.Nfc ? Nfc.Compose(whole) : whole;
        return config.Lowercase ? composed.ToLowerInvariant() : composed;
    }

    /// <summary>The characters of a text, or its words; none if there is none.</summary>
    public static List<ReadOnlyMemory<char>> Cut(string text, TokenizerConfig config) => CutFolded(Fold(text, config), config, continues: false);

    /// <summary>
    /// The same of a text that comes in parts, some thousand of its characters at a time: joined, what comes is what <see cref="Cut"/> gives at once.
    /// It is parted before white space only: no character or word goes across, and nothing is composed with what stands before it.
    /// </summary>
    public static IEnumerable<List<ReadOnlyMemory<char>>> CutParts(IEnumerable<string> parts, TokenizerConfig config, int partLength = PartLength)
    {
        var waiting = new StringBuilder();
        bool continues = false;
        foreach (string part in parts)
        {
            int space = waiting.Length + part.Length < partLength ? -1 : part.AsSpan().LastIndexOfAny(' ', '\n');
            if (space < 0)
            {
                waiting.Append(part);
                continue;
            }

            yield return CutFolded(Fold(waiting.Append(part, 0, space).ToString(), config), config, continues);
            continues |= waiting.Length > 0;
            waiting.Clear().Append(part, space, part.Length - space);
        }

        yield return CutFolded(Fold(waiting.ToString(), config), config, continues);
    }

    private static List<ReadOnlyMemory<char>> CutFolded(string folded, TokenizerConfig config, bool continues)
    {
        return config switch
        {
            { Kind: TokenizerKind.Char } => Characters(folded),
            { Kind: TokenizerKind.Word, KeepSpaces: false } => Matches(Words(), folded),
            { Kind: TokenizerKind.Word } => Matches(SpacedWords(), continues ? folded : AfterSpace(folded)),
            { KeepSpaces: false } => Short(Matches(SpacedRuns(), AfterSpace(string.Join(' ', Runs().Matches(folded).Select(run => run.Value))))),
            _ => Short(Matches(SpacedRuns(), continues ? folded : AfterSpace(folded))),
        };
    }

    private static string AfterSpace(string text) => text.Length == 0 ? text : " " + text;

    private static List<ReadOnlyMemory<char>> Characters(string text)
    {
        var characters = new List<ReadOnlyMemory<char>>(text.Length);
        for (int i = 0, length; i < text.Length; i += length)
        {
            length = char.IsHighSurrogate(text[i]) ? 2 : 1;
            characters.Add(text.AsMemory(i, length));
        }

        return characters;
    }

    private static List<ReadOnlyMemory<char>> Matches(Regex words, string text)
    {
        var matches = new List<ReadOnlyMemory<char>>();
        foreach (ValueMatch match in words.EnumerateMatches(text)) matches.Add(text.AsMemory(match.Index, match.Length));
        return matches;
    }

    private static List<ReadOnlyMemory<char>> Short(List<ReadOnlyMemory<char>> words)
    {
        if (words.TrueForAll(word => word.Length <= LongestWord)) return words;
        var parts = new List<ReadOnlyMemory<char>>();
        foreach (ReadOnlyMemory<char> word in words)
        {
            ReadOnlyMemory<char> rest = word;
            while (rest.Length > LongestWord)
            {
                int length = char.IsHighSurrogate(rest.Span[LongestWord - 1]) ? LongestWord - 1 : LongestWord;
                parts.Add(rest[..length]);
                rest = rest[length..];
            }

            parts.Add(rest);
        }

        return parts;
    }

    /// <summary>A surrogate pair is never cut; an apostrophe inside a word belongs to it, marks to what they stand on.</summary>
    [GeneratedRegex(Word)]
    private static partial Regex Words();

    [GeneratedRegex($@" ?(?:{Word})|\s")]
    private static partial Regex SpacedWords();

    /// <summary>What BPE may join: letters of any script, or symbols.</summary>
    [GeneratedRegex(@"[\w\p{M}]+(?:['’][\w\p{M}]+)*|[^\w\p{M}\s]+")]
    private static partial Regex Runs();

    [GeneratedRegex(@" ?(?:[\w\p{M}]+(?:['’][\w\p{M}]+)*|[^\w\p{M}\s]+)|\s")]
    private static partial Regex SpacedRuns();
}
