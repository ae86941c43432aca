using System.Runtime.InteropServices;

namespace Rnn.Data;

/// <summary>
/// Ids of token n-grams (n ≥ 2), each found through its prefix: (id of the first n-1 tokens, id of the last token).
/// They continue the ids of the vocabulary and share its embedding table (bag of n-grams: Joulin et al. 2017).
/// </summary>
internal sealed class NgramTable
{
    private readonly Dictionary<long, int> _ids = [];

    /// <param name="firstId">The id after the vocabulary's last.</param>
    /// <param name="pairs">Prefix and last token of each n-gram in the order of their ids, flattened.</param>
    public NgramTable(int firstId, IReadOnlyList<int> pairs)
    {
        Pairs = pairs;
        for (int i = 0; i < pairs.Count; i += 2) _ids.Add(Key(pairs[i], pairs[i + 1]), firstId + (i / 2));
    }

    public IReadOnlyList<int> Pairs { get; }

    public int Count => Pairs.Count / 2;

    /// <summary>Counts the n-grams of known tokens, order by order, and keeps at most <paramref name="size"/> of each order.</summary>
    public static NgramTable Train(IReadOnlyList<int[]> rows, int firstId, int orders, int size, int minFrequency)
    {
        var table = new NgramTable(firstId, []);
        for (int order = 2; order <= orders; order++)
        {
            var counts = new Dictionary<long, int>();
            foreach (int[] tokens in rows)
            {
                for (int last = order - 1; last < tokens.Length; last++)
                {
                    int prefix = table.Find(tokens.AsSpan(last - order + 1, order - 1));
                    if (prefix != Sequence.NoId && tokens[last] != Vocabulary.Unknown)
                        CollectionsMarshal.GetValueRefOrAddDefault(counts, Key(prefix, tokens[last]), out _)++;
                }
            }

            IEnumerable<long> kept = counts.Where(pair => pair.Value >= minFrequency)
                .OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Take(size).Select(pair => pair.Key);
            table = new NgramTable(firstId, [.. table.Pairs, .. kept.SelectMany(key => new[] { (int)(key >> 32), (int)key })]);
        }

        return table;
    }

    /// <summary>The id of an n-gram (of a token itself where n is 1), <see cref="Sequence.NoId"/> where it is not known.</summary>
    public int Find(ReadOnlySpan<int> tokens)
    {
        int id = tokens[0];
        for (int i = 1; i < tokens.Length && id > Vocabulary.Unknown; i++) id = _ids.GetValueOrDefault(Key(id, tokens[i]), Sequence.NoId);
        return id > Vocabulary.Unknown ? id : Sequence.NoId;
    }

    private static long Key(int prefix, int last) => ((long)prefix << 32) | (uint)last;
}
