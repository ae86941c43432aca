using System.Numerics.Tensors;
using Rnn.Data;

namespace Rnn.Baselines;

/// <summary>
/// Rows as unit vectors of tf-idf weights over their n-grams, as an inverted index: <c>tf · (ln((1 + N) / (1 + df)) + 1)</c>,
/// where tf counts an n-gram in the row and df of the N rows contain it.
/// </summary>
internal sealed class TfIdfIndex
{
    private readonly NgramBag _bag;
    private readonly float[] _idf;
    private readonly List<(int Row, float Weight)>[] _postings;
    private readonly int _rows;

    public TfIdfIndex(IReadOnlyList<Sequence> rows, int orders)
    {
        _rows = rows.Count;
        _bag = NgramBag.Fit(rows, orders);
        _postings = new List<(int, float)>[_bag.Size];
        _idf = new float[_bag.Size];
        foreach (Sequence row in rows)
        {
            foreach (int feature in _bag.Of(row).Distinct()) _idf[feature]++;
        }

        for (int feature = 0; feature < _idf.Length; feature++)
        {
            _postings[feature] = new List<(int, float)>((int)_idf[feature]);
            _idf[feature] = MathF.Log((1 + _rows) / (1 + _idf[feature])) + 1;
        }

        for (int row = 0; row < rows.Count; row++)
        {
            foreach ((int feature, float weight) in Weights(rows[row])) _postings[feature].Add((row, weight));
        }
    }

    /// <summary>The cosine of the angle between a query and each row, in [0, 1].</summary>
    public float[] Cosines(Sequence query)
    {
        float[] cosines = new float[_rows];
        foreach ((int feature, float weight) in Weights(query))
        {
            foreach ((int row, float other) in _postings[feature]) cosines[row] += weight * other;
        }

        return cosines;
    }

    private (int Feature, float Weight)[] Weights(Sequence sequence)
    {
        (int Feature, float Weight)[] weights = [.. _bag.Of(sequence).CountBy(feature => feature).Select(pair => (pair.Key, pair.Value * _idf[pair.Key]))];
        float norm = TensorPrimitives.Norm<float>([.. weights.Select(pair => pair.Weight)]);
        return [.. weights.Select(pair => (pair.Feature, pair.Weight / norm))];
    }
}
