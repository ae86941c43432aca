using System.Text;

namespace Rnn.Data;

/// <summary>
/// Parts of a word as features of their own: they join the word's vector, so that a word never seen is still known by its stem, inflection and spelling
/// (subword information: Bojanowski et al. 2017; beginnings, endings and shape for tagging: Ratnaparkhi 1996). None cuts a surrogate pair.
/// </summary>
internal static class Affixes
{
    private const int LongestRun = 2;

    /// <summary>At most so many per word.</summary>
    public static int Count(SubwordFeatures kind) => kind switch
    {
        SubwordFeatures.Affix => 2,
        SubwordFeatures.Char => 8,
        _ => 0,
    };

    /// <summary>
    /// Of a word that is longer than the part (letters of Hangul are syllables, and half as many count): affix, its first 4 and last 3 letters; char, its first 2 to 4 and last 1 to 4 letters
    /// without regard to case, and its shape. Marked <c>^</c>, <c>$</c> and <c>#</c>.
    /// </summary>
    public static IEnumerable<string> Of(string word, SubwordFeatures kind)
    {
        if (word.Length == 0 || kind == SubwordFeatures.None) yield break;
        bool isHangul = word[0] is >= '\uAC00' and <= '\uD7A3';
        bool isChar = kind == SubwordFeatures.Char;
        string letters = isChar ? word.ToLowerInvariant() : word;
        (int shortest, int longest) = (isChar, isHangul) switch { (true, true) => (1, 2), (true, false) => (2, 4), (false, true) => (2, 2), _ => (4, 4) };
        for (int length = shortest; length <= longest && length < letters.Length; length++)
            if (!char.IsHighSurrogate(letters[length - 1])) yield return "^" + letters[..length];
        (shortest, longest) = (isChar, isHangul) switch { (true, true) => (1, 2), (true, false) => (1, 4), (false, true) => (1, 1), _ => (3, 3) };
        for (int length = shortest; length <= longest && length < letters.Length; length++)
            if (!char.IsLowSurrogate(letters[^length])) yield return letters[^length..] + "$";
        if (isChar) yield return Shape(word);
    }

    /// <summary>X, x and d for capitals, small letters and digits, runs cut short: "Re-2026s" is <c>#Xx-ddx</c>.</summary>
    private static string Shape(string word)
    {
        var shape = new StringBuilder("#");
        foreach (char letter in word)
        {
            char kind = char.IsUpper(letter) ? 'X' : char.IsDigit(letter) ? 'd' : char.IsLetter(letter) ? 'x' : letter;
            if (shape.Length <= LongestRun || shape[^1] != kind || shape[^2] != kind) shape.Append(kind);
        }

        return shape.ToString();
    }
}
