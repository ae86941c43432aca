using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>
/// A lookup table <c>[vocabulary, E]</c>; a step with several ids (a word and its n-grams) is the sum of their rows
/// (Joulin et al. 2017). A negative id stands for nothing.
/// </summary>
public sealed class Embedding
{
    private readonly Parameter _weight;
    private readonly int _paddingId;

    /// <summary>Declares <c>{prefix}weight</c>; not <paramref name="sparse"/> where an output layer shares it, whose gradient has every row. The row of <paramref name="paddingId"/> is looked up but never trained.</summary>
    public Embedding(ParameterSet parameters, string prefix, int vocabularySize, int size, bool sparse = true, int? paddingId = null)
    {
        _paddingId = paddingId ?? Sequence.NoId;
        VocabularySize = vocabularySize;
        Size = size;
        _weight = parameters.Add($"{prefix}weight", [vocabularySize, size], sparse);
    }

    /// <summary>The table.</summary>
    public Parameter Weight => _weight;

    /// <summary>Rows of the table.</summary>
    public int VocabularySize { get; }

    /// <summary>Features of a row (E).</summary>
    public int Size { get; }

    /// <summary>Normal with the given standard deviation.</summary>
    public void Initialize(double deviation, ref RandomSource random) => Initializers.Normal(_weight.Values.Span, deviation, ref random);

    /// <summary><paramref name="ids"/> is <c>[tokens, width]</c>; overwrites <paramref name="y"/> <c>[tokens, E]</c>.</summary>
    public void Forward(ReadOnlySpan<int> ids, int width, Span<float> y)
    {
        ReadOnlySpan<float> table = _weight.Values.Span;
        for (int token = 0; token < ids.Length / width; token++)
        {
            Span<float> row = y.Slice(token * Size, Size);
            row.Clear();
            foreach (int id in ids.Slice(token * width, width))
                if (id >= 0) TensorPrimitives.Add(row, table.Slice(id * Size, Size), row);
        }
    }

    /// <summary>Adds <paramref name="dy"/> to the rows that were looked up; <paramref name="gradients"/> covers the whole parameter set.</summary>
    public void Backward(ReadOnlySpan<int> ids, int width, ReadOnlySpan<float> dy, Span<float> gradients)
    {
        Span<float> dTable = _weight.In(gradients);
        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] < 0 || ids[i] == _paddingId) continue;
            Span<float> row = dTable.Slice(ids[i] * Size, Size);
            TensorPrimitives.Add(row, dy.Slice(i / width * Size, Size), row);
        }
    }

    /// <summary>Zeroes the gradient rows that <see cref="Backward"/> touched: cheaper than the whole table.</summary>
    public void ClearGradient(ReadOnlySpan<int> ids, Span<float> gradients)
    {
        Span<float> dTable = _weight.In(gradients);
        foreach (int id in ids)
            if (id >= 0) dTable.Slice(id * Size, Size).Clear();
    }
}
