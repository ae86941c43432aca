using System.Runtime.InteropServices;

namespace Rnn.Data;

/// <summary>Tokens and their ids: 0 is <see cref="Unknown"/>, the others by falling frequency.</summary>
public sealed class Vocabulary
{
    /// <summary>The id of every token that is not in the vocabulary.</summary>
    public const int Unknown = 0;

    private readonly Dictionary<string, int> _ids;

    /// <summary>Takes the known tokens in the order of their ids, the unknown one not among them.</summary>
    public Vocabulary(IReadOnlyList<string> tokens)
    {
        Tokens = tokens;
        _ids = new Dictionary<string, int>(tokens.Count, StringComparer.Ordinal);
        for (int i = 0; i < tokens.Count; i++) _ids.Add(tokens[i], i + 1);
    }

    /// <summary>The known tokens; the id of the first is 1.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>Ids, the unknown one included.</summary>
    public int Size => Tokens.Count + 1;

    /// <summary>The id of a token, <see cref="Unknown"/> for one never seen.</summary>
    public int this[string token] => _ids.GetValueOrDefault(token, Unknown);

    /// <summary>Keeps the <paramref name="size"/> most frequent tokens seen at least <paramref name="minFrequency"/> times; ties in ordinal order.</summary>
    public static Vocabulary Train(IEnumerable<IEnumerable<string>> rows, int size, int minFrequency)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string token in rows.SelectMany(row => row))
            CollectionsMarshal.GetValueRefOrAddDefault(counts, token, out _)++;
        return new Vocabulary([.. counts
            .Where(pair => pair.Value >= minFrequency)
            .OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Take(size).Select(pair => pair.Key)]);
    }
}
