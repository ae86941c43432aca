using System.Runtime.InteropServices;

namespace Rnn.Data;

/// <summary>Tokens and their ids: 0 is <see cref="Unknown"/>, the others by falling frequency (for BPE: characters by frequency, then what they merge into).</summary>
public sealed class Vocabulary
{
    /// <summary>The id of every token that is not in the vocabulary.</summary>
    public const int Unknown = 0;

    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _idsBySpan;

    /// <summary>Takes the known tokens in the order of their ids, the unknown one not among them.</summary>
    public Vocabulary(IReadOnlyList<string> tokens)
    {
        Tokens = tokens;
        _ids = new Dictionary<string, int>(tokens.Count, StringComparer.Ordinal);
        for (int i = 0; i < tokens.Count; i++) _ids.Add(tokens[i], i + 1);
        _idsBySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The known tokens; the id of the first is 1.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>Ids, the unknown one included.</summary>
    public int Size => Tokens.Count + 1;

    /// <summary>The id of a token, <see cref="Unknown"/> for one never seen.</summary>
    public int this[string token] => _ids.GetValueOrDefault(token, Unknown);

    /// <inheritdoc cref="this[string]"/>
    public int this[ReadOnlySpan<char> token] => _idsBySpan.TryGetValue(token, out int id) ? id : Unknown;

    /// <summary>How often each token stands in the rows.</summary>
    internal static Dictionary<string, int> Count(IEnumerable<IReadOnlyList<ReadOnlyMemory<char>>> rows)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var bySpan = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (IReadOnlyList<ReadOnlyMemory<char>> row in rows)
            for (int i = 0; i < row.Count; i++) CollectionsMarshal.GetValueRefOrAddDefault(bySpan, row[i].Span, out _)++;
        return counts;
    }

    /// <summary>Keeps the <paramref name="size"/> most frequent tokens counted at least <paramref name="minFrequency"/> times; ties in ordinal order.</summary>
    internal static Vocabulary Train(IEnumerable<KeyValuePair<string, int>> counts, int size, int minFrequency)
    {
        var sums = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((string token, int count) in counts) CollectionsMarshal.GetValueRefOrAddDefault(sums, token, out _) += count;
        return new Vocabulary([.. sums
            .Where(pair => pair.Value >= minFrequency)
            .OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Take(size).Select(pair => pair.Key)]);
    }
}
