using System.Text;

namespace Rnn.Data;

/// <summary>
/// Beginnings, endings and the shape of a word as features of their own: they join the word's vector, so that a word never seen is still
/// known by its stem, inflection and spelling (subword information: Bojanowski et al. 2017; affixes and shape for tagging: Ratnaparkhi 1996).
/// </summary>
internal static class Affixes
{
    /// <summary>At most so many per word.</summary>
    public const int Count = 8;

    private const int LongestRun = 2;

    /// <summary>
    /// The first 2 to 4 and the last 1 to 4 letters of a word that is longer than that (half as many in Hangul, whose letters are syllables), without regard to case and marked <c>^</c> or <c>$</c>,
    /// none that would cut a surrogate pair; and its shape, marked <c>#</c>: X, x and d for capitals, small letters and digits, runs cut short.
    /// </summary>
    public static IEnumerable<string> Of(string word)
    {
        if (word.Length == 0) yield break;
        bool isHangul = word[0] is >= '\uAC00' and <= '\uD7A3';
        string folded = word.ToLowerInvariant();
        for (int length = isHangul ? 1 : 2; length <= (isHangul ? 2 : 4) && length < folded.Length; length++)
            if (!char.IsHighSurrogate(folded[length - 1])) yield return "^" + folded[..length];
        for (int length = 1; length <= (isHangul ? 2 : 4) && length < folded.Length; length++)
            if (!char.IsLowSurrogate(folded[^length])) yield return folded[^length..] + "$";
        yield return Shape(word);
    }

    private static string Shape(string word)
    {
        var shape = new StringBuilder("#");
        foreach (char letter in word)
        {
            char kind = char.IsUpper(letter) ? 'X' : char.IsDigit(letter) ? 'd' : char.IsLetter(letter) ? 'x' : letter;
            bool isRun = shape.Length > LongestRun && shape[^1] == kind && shape[^2] == kind;
            if (!isRun) shape.Append(kind);
        }

        return shape.ToString();
    }
}
