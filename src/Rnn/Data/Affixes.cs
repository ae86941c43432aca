namespace Rnn.Data;

/// <summary>
/// The beginning and the ending of a word as features of their own: they join the word's vector, so that a word never seen is still
/// known by its stem and inflection (subword information: Bojanowski et al. 2017).
/// </summary>
internal static class Affixes
{
    /// <summary>At most so many per word.</summary>
    public const int Count = 2;

    /// <summary>
    /// The first 4 and the last 3 letters (2 and 1 in Hangul, whose letters are syllables) of a word that is longer than that, marked <c>^</c> or <c>$</c>; none that would cut a surrogate pair.
    /// </summary>
    public static IEnumerable<string> Of(string word)
    {
        if (word.Length == 0) yield break;
        (int prefix, int suffix) = word[0] is >= '\uAC00' and <= '\uD7A3' ? (2, 1) : (4, 3);
        if (word.Length > prefix && !char.IsHighSurrogate(word[prefix - 1])) yield return "^" + word[..prefix];
        if (word.Length > suffix && !char.IsLowSurrogate(word[^suffix])) yield return word[^suffix..] + "$";
    }
}
