using System.Runtime.InteropServices;
using System.Text;

namespace Rnn.Data;

/// <summary>
/// Learns the merges of byte pair encoding (Sennrich, Haddow and Birch 2016, algorithm 1) from words and their counts: the most frequent pair of neighbours
/// becomes a token, over and over; of equally frequent pairs the one with the smaller ids. Counts are kept up to date only in the words that a merge changes.
/// </summary>
internal sealed class BpeTraining
{
    private readonly List<string> _tokens;
    private readonly Dictionary<string, int> _ids;
    private readonly int[][] _words;
    private readonly int[] _wordCounts;
    private readonly Dictionary<long, int> _counts = [];
    private readonly Dictionary<long, List<int>> _wordsOf = [];

    // May hold counts that have changed since: the dictionary is right.
    private readonly PriorityQueue<long, (int MinusCount, long Pair)> _queue = new();
    private readonly HashSet<long> _grown = [];

    private BpeTraining(IReadOnlyCollection<KeyValuePair<string, int>> words, Vocabulary characters)
    {
        _tokens = [.. characters.Tokens];
        _ids = _tokens.Select((token, i) => (token, i)).ToDictionary(pair => pair.token, pair => pair.i + 1, StringComparer.Ordinal);
        _words = [.. words.Select(word => word.Key.EnumerateRunes().Select(rune => characters[rune.ToString()]).ToArray())];
        _wordCounts = [.. words.Select(word => word.Value)];
        for (int w = 0; w < _words.Length; w++)
            for (int i = 0; i + 1 < _words[w].Length; i++) Count(_words[w][i], _words[w][i + 1], w, _wordCounts[w]);
        Enqueue();
    }

    /// <summary>At most <paramref name="size"/> tokens, characters first; the merges as left and right id, flattened. What was seen once is never merged.</summary>
    public static (Vocabulary Vocabulary, IReadOnlyList<int> Merges) Train(IReadOnlyCollection<KeyValuePair<string, int>> words, int size, int minFrequency)
    {
        IEnumerable<KeyValuePair<string, int>> runes = words.SelectMany(word => word.Key.EnumerateRunes().Select(rune => KeyValuePair.Create(rune.ToString(), word.Value)));
        Vocabulary characters = Vocabulary.Train(runes, size, minFrequency);
        var training = new BpeTraining(words, characters);
        var merges = new List<int>();
        var seen = new HashSet<long>();
        while (training._tokens.Count < size && training.MostFrequent(Math.Max(2, minFrequency)) is { } pair)
        {
            (int left, int right) = ((int)(pair >> 32), (int)pair);
            // A pair can come back when another merge spells one of its sides.
            if (seen.Add(pair)) merges.AddRange([left, right]);
            training.Merge(pair, left, right);
        }

        return (new Vocabulary(training._tokens), merges);
    }

    private long? MostFrequent(int minFrequency)
    {
        while (_queue.TryDequeue(out long pair, out (int MinusCount, long Pair) queued))
        {
            int count = _counts.GetValueOrDefault(pair);
            if (count < minFrequency) continue;
            if (count == -queued.MinusCount) return pair;
            if (count < -queued.MinusCount) _queue.Enqueue(pair, (-count, pair));
        }

        return null;
    }

    private void Merge(long pair, int left, int right)
    {
        int id = IdOf(_tokens[left - 1] + _tokens[right - 1]);
        foreach (int w in _wordsOf[pair]) MergeWord(w, left, right, id);
        _counts.Remove(pair);
        _wordsOf.Remove(pair);
        Enqueue();
    }

    private void MergeWord(int w, int left, int right, int id)
    {
        int[] word = _words[w];
        int count = _wordCounts[w], kept = 0;
        for (int i = 0; i < word.Length; i++)
        {
            if (i + 1 == word.Length || word[i] != left || word[i + 1] != right)
            {
                word[kept++] = word[i];
                continue;
            }

            if (kept > 0)
            {
                Count(word[kept - 1], left, w, -count);
                Count(word[kept - 1], id, w, count);
            }

            if (i + 2 < word.Length)
            {
                Count(right, word[i + 2], w, -count);
                Count(id, word[i + 2], w, count);
            }

            word[kept++] = id;
            i++;
        }

        if (kept < word.Length) _words[w] = word[..kept];
    }

    private void Count(int left, int right, int w, int count)
    {
        if (left == Vocabulary.Unknown || right == Vocabulary.Unknown) return;
        long pair = BpeEncoder.Key(left, right);
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) += count;
        if (count < 0) return;
        _grown.Add(pair);
        List<int> words = CollectionsMarshal.GetValueRefOrAddDefault(_wordsOf, pair, out _) ??= [];
        if (words.Count == 0 || words[^1] != w) words.Add(w);
    }

    private void Enqueue()
    {
        foreach (long pair in _grown) _queue.Enqueue(pair, (-_counts[pair], pair));
        _grown.Clear();
    }

    private int IdOf(string token)
    {
        ref int id = ref CollectionsMarshal.GetValueRefOrAddDefault(_ids, token, out bool known);
        if (known) return id;
        _tokens.Add(token);
        return id = _tokens.Count;
    }
}
