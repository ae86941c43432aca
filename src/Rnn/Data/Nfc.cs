using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Rnn.Data;

/// <summary>
/// Unicode's canonical composition, so that one text has one spelling: <c>한</c> typed as three letters is the syllable, <c>e</c> and an accent is <c>é</c>
/// (Unicode Standard Annex 15, form C; Hangul by the arithmetic of the Standard's section 3.12).
/// <see cref="string.Normalize()"/> does nothing where globalization is invariant, as it is here: the mappings come with the program (<c>Nfc.txt</c>).
/// </summary>
internal static class Nfc
{
    private const int Syllables = 0xAC00, Leads = 0x1100, Vowels = 0x1161, Tails = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TailCount = 28, SyllableCount = LeadCount * VowelCount * TailCount;

    private static readonly Dictionary<int, int[]> s_parts = [];
    private static readonly Dictionary<(int First, int Second), int> s_whole = [];
    private static readonly Dictionary<int, byte> s_class = [];

    /// <summary>Code points that may change or move: a text without any is composed already.</summary>
    private static readonly BitArray s_unsettled = new(0x110000);

    static Nfc()
    {
        using Stream stream = typeof(Nfc).Assembly.GetManifestResourceStream("Nfc.txt") ?? throw new InvalidOperationException("Nfc.txt is not in the assembly.");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == '#') continue;
            if (line.Contains('=')) ReadParts(line);
            else ReadClass(line);
        }

        for (int letter = Vowels; letter < Vowels + VowelCount; letter++) s_unsettled[letter] = true;
        for (int letter = Tails + 1; letter < Tails + TailCount; letter++) s_unsettled[letter] = true;
    }

    /// <summary>The composed form of a text without half surrogate pairs; the text itself where it is that already.</summary>
    public static string Compose(string text)
    {
        if (IsSettled(text)) return text;
        var points = new List<int>(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) Decompose(rune.Value, points);
        Reorder(points);
        Join(points);
        var composed = new StringBuilder(points.Count);
        foreach (int point in points) composed.Append(char.ConvertFromUtf32(point));
        return composed.ToString();
    }

    private static bool IsSettled(string text)
    {
        // The first mark is U+0300, and nothing before it changes.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF')) return true;
        foreach (Rune rune in text.EnumerateRunes())
            if (s_unsettled[rune.Value]) return false;
        return true;
    }

    private static void Decompose(int point, List<int> into)
    {
        int syllable = point - Syllables;
        if (syllable is >= 0 and < SyllableCount)
        {
            into.Add(Leads + (syllable / (VowelCount * TailCount)));
            into.Add(Vowels + (syllable / TailCount % VowelCount));
            if (syllable % TailCount != 0) into.Add(Tails + (syllable % TailCount));
        }
        else if (s_parts.TryGetValue(point, out int[]? parts))
        {
            foreach (int part in parts) Decompose(part, into);
        }
        else
        {
            into.Add(point);
        }
    }

    /// <summary>Marks after one letter stand in the order of their classes; those of one class keep theirs.</summary>
    private static void Reorder(List<int> points)
    {
        for (int i = 0; i < points.Count; i++)
        {
            if (Class(points[i]) == 0) continue;
            int first = i;
            while (i < points.Count && Class(points[i]) != 0) i++;
            // A stable sort: no quadratic time on a text of nothing but marks.
            int[] marks = [.. points[first..i].OrderBy(Class)];
            for (int k = 0; k < marks.Length; k++) points[first + k] = marks[k];
        }
    }

    /// <summary>Joins each letter with the marks that nothing of their class or a higher one parts from it.</summary>
    private static void Join(List<int> points)
    {
        int starter = -1, kept = 0, last = 0;
        foreach (int point in CollectionsMarshal.AsSpan(points))
        {
            int @class = Class(point);
            bool parted = starter < 0 || (kept - starter > 1 && last >= @class);
            if (!parted && Whole(points[starter], point) is { } whole)
            {
                points[starter] = whole;
                continue;
            }

            if (@class == 0) starter = kept;
            last = @class;
            points[kept++] = point;
        }

        points.RemoveRange(kept, points.Count - kept);
    }

    private static int? Whole(int first, int second)
    {
        int lead = first - Leads, vowel = second - Vowels, syllable = first - Syllables, tail = second - Tails;
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount) return Syllables + (((lead * VowelCount) + vowel) * TailCount);
        if (syllable is >= 0 and < SyllableCount && syllable % TailCount == 0 && tail is > 0 and < TailCount) return first + tail;
        return s_whole.TryGetValue((first, second), out int whole) ? whole : null;
    }

    private static int Class(int point) => s_class.GetValueOrDefault(point);

    private static void ReadParts(string line)
    {
        bool forGood = line.EndsWith('!');
        string[] sides = line.TrimEnd('!').Split('=');
        int point = Hex(sides[0]);
        int[] parts = [.. sides[1].Split(' ').Select(Hex)];
        s_parts.Add(point, parts);
        if (forGood) s_unsettled[point] = true;
        else s_whole.Add((parts[0], parts[1]), point);
        if (parts.Length == 2) s_unsettled[parts[1]] = true;
    }

    private static void ReadClass(string line)
    {
        string[] fields = line.Split('-', ':');
        for (int point = Hex(fields[0]); point <= Hex(fields[1]); point++)
        {
            s_class.Add(point, (byte)Hex(fields[2]));
            s_unsettled[point] = true;
        }
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber);
}
