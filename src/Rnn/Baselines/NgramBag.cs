using Rnn.Data;

namespace Rnn.Baselines;

/// <summary>
/// A token sequence as the multiset of its n-grams, n = 1 … orders, whose order is forgotten (Harris 1954). Longer n-grams than one token count if they came back
/// in the training set, the most frequent of each order; unknown tokens and what contains them do not.
/// </summary>
internal sealed class NgramBag
{
    private const int MostNgrams = 200_000;

    private readonly NgramTable _table;
    private readonly int _orders;
    private readonly int _tokens;

    private NgramBag(NgramTable table, int orders, int tokens) => (_table, _orders, _tokens) = (table, orders, tokens);

    /// <summary>What all feature ids are below.</summary>
    public int Size => _tokens + _table.Count;

    /// <summary>Learns the n-grams of training inputs.</summary>
    public static NgramBag Fit(IReadOnlyList<Sequence> inputs, int orders)
    {
        int[][] tokens = [.. inputs.Select(Tokens)];
        int firstId = 1 + tokens.Max(row => row.Max());
        return new NgramBag(NgramTable.Train(tokens, firstId, orders, MostNgrams, minFrequency: 2), orders, firstId);
    }

    /// <summary>The ids of all n-grams of an input, each as often as it occurs.</summary>
    public List<int> Of(Sequence input)
    {
        int[] tokens = Tokens(input);
        // A token that no training row has; its id is an n-gram's here.
        foreach (ref int token in tokens.AsSpan())
            if (token >= _tokens) token = Vocabulary.Unknown;
        var features = new List<int>(tokens.Length * _orders);
        for (int last = 0; last < tokens.Length; last++)
        {
            for (int n = 1; n <= Math.Min(_orders, last + 1); n++)
            {
                int id = _table.Find(tokens.AsSpan(last - n + 1, n));
                if (id != Sequence.NoId) features.Add(id);
            }
        }

        return features;
    }

    /// <summary>The token of every step, without what else is known of it.</summary>
    private static int[] Tokens(Sequence input)
    {
        int[] tokens = new int[input.Steps];
        for (int t = 0; t < tokens.Length; t++) tokens[t] = input.Ids.Span[t * input.Width];
        return tokens;
    }
}
