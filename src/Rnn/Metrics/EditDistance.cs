namespace Rnn.Metrics;

/// <summary>Levenshtein 1966: insertions, deletions and substitutions that turn a hypothesis into its reference.</summary>
public static class EditDistance
{
    /// <summary>Character error rate: edits over Unicode code points by the references' length. A corpus without any reference character has rate 0 if nothing was inserted, else infinity.</summary>
    public static double CharacterErrorRate(IEnumerable<(string Reference, string Hypothesis)> corpus) => Rate(corpus, CodePoints);

    /// <summary>Word error rate: the same over words split on spaces.</summary>
    public static double WordErrorRate(IEnumerable<(string Reference, string Hypothesis)> corpus) => Rate(corpus, Words);

    /// <summary>The code points of a text.</summary>
    public static int[] CodePoints(string text) => [.. text.EnumerateRunes().Select(rune => rune.Value)];

    /// <summary>The words of a text, split on spaces.</summary>
    public static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The fewest edits between two sequences.</summary>
    public static int Between<T>(ReadOnlySpan<T> reference, ReadOnlySpan<T> hypothesis)
        where T : IEquatable<T>
    {
        int[] row = [.. Enumerable.Range(0, hypothesis.Length + 1)];
        for (int i = 1; i <= reference.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= hypothesis.Length; j++)
            {
                int substituted = diagonal + (reference[i - 1].Equals(hypothesis[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }

    private static double Rate<T>(IEnumerable<(string Reference, string Hypothesis)> corpus, Func<string, T[]> split)
        where T : IEquatable<T>
    {
        long edits = 0;
        long length = 0;
        foreach ((string reference, string hypothesis) in corpus)
        {
            T[] units = split(reference);
            edits += Between<T>(units, split(hypothesis));
            length += units.Length;
        }

        return edits == 0 ? 0 : (double)edits / length;
    }
}
