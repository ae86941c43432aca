using System.Collections.Concurrent;

namespace Rnn.Data;

/// <summary>
/// Byte pair encoding (Sennrich, Haddow and Birch 2016) over Unicode code points: a word starts as its characters, and the pair that was merged first in
/// training is merged first here, the leftmost before the others, until none is left. A character that is not in the vocabulary stays alone as unknown.
/// </summary>
internal sealed class BpeEncoder
{
    /// <summary>Words remembered: what a language repeats, and a bound on what a stranger's text may take.</summary>
    private const int Remembered = 1 << 16;

    private readonly Vocabulary _vocabulary;
    private readonly Dictionary<long, (int Rank, int Id)> _merges;
    private readonly ConcurrentDictionary<string, int[]> _words = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _wordsBySpan;
    private int _remembered;

    /// <param name="vocabulary">The characters and what they merge into.</param>
    /// <param name="pairs">Left and right id of each merge in the order of training, flattened.</param>
    /// <exception cref="ArgumentException">A merge is not of two known tokens into a third, or comes twice.</exception>
    public BpeEncoder(Vocabulary vocabulary, IReadOnlyList<int> pairs)
    {
        if (pairs.Count % 2 != 0) throw new ArgumentException($"Merges are pairs of ids: got {pairs.Count} ids.", nameof(pairs));
        _vocabulary = vocabulary;
        Pairs = pairs;
        _merges = new Dictionary<long, (int Rank, int Id)>(pairs.Count / 2);
        _wordsBySpan = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int i = 0; i < pairs.Count; i += 2) _merges.Add(Key(pairs[i], pairs[i + 1]), (i / 2, Merged(pairs[i], pairs[i + 1])));
    }

    public IReadOnlyList<int> Pairs { get; }

    /// <summary>The ids of a word; any number of threads may ask.</summary>
    public ReadOnlySpan<int> Encode(ReadOnlySpan<char> word)
    {
        if (_wordsBySpan.TryGetValue(word, out int[]? known)) return known;
        int[] ids = Merge(word);
        if (Volatile.Read(ref _remembered) < Remembered && _wordsBySpan.TryAdd(word, ids)) Interlocked.Increment(ref _remembered);
        return ids;
    }

    /// <summary>Two ids as one number.</summary>
    public static long Key(int left, int right) => ((long)left << 32) | (uint)right;

    private int[] Merge(ReadOnlySpan<char> word)
    {
        var ids = new List<int>(word.Length);
        for (int i = 0, length; i < word.Length; i += length)
        {
            length = char.IsHighSurrogate(word[i]) ? 2 : 1;
            ids.Add(_vocabulary[word.Slice(i, length)]);
        }

        while (true)
        {
            (int Rank, int Id) first = (int.MaxValue, Vocabulary.Unknown);
            int at = -1;
            for (int i = 0; i + 1 < ids.Count; i++)
            {
                if (!_merges.TryGetValue(Key(ids[i], ids[i + 1]), out (int Rank, int Id) merge) || merge.Rank >= first.Rank) continue;
                (first, at) = (merge, i);
            }

            if (at < 0) return [.. ids];
            ids[at] = first.Id;
            ids.RemoveAt(at + 1);
        }
    }

    private int Merged(int left, int right)
    {
        string merged = Token(left) + Token(right);
        int id = _vocabulary[merged];
        return id != Vocabulary.Unknown ? id : throw new ArgumentException($"The merge of {left} and {right} gives '{merged}', which is not in the vocabulary.");
    }

    private string Token(int id) => id > Vocabulary.Unknown && id < _vocabulary.Size
        ? _vocabulary.Tokens[id - 1]
        : throw new ArgumentException($"A merge names token {id}: expected 1 to {_vocabulary.Size - 1}.");
}
