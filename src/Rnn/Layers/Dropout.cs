using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>
/// Inverted dropout (Srivastava et al. 2014): a value is kept with probability 1 - rate and then divided by it.
/// The mask is a function of (key, row, step, feature) and is computed again in the backward pass, not stored.
/// </summary>
public static class Dropout
{
    private const int DrawsPerNumber = 4;

    /// <summary>
    /// Multiplies <paramref name="values"/> <c>[tokens, features]</c> by the mask in place; the backward pass is the same call on the gradient.
    /// <paramref name="rowIds"/> names the rows of the layout in the whole batch, so that the mask does not depend on how the batch was cut.
    /// </summary>
    public static void Apply(Span<float> values, int features, SequenceLayout layout, ReadOnlySpan<int> rowIds, float rate, ulong key)
    {
        if (rate <= 0) return;
        for (int t = 0; t < layout.Steps; t++)
        {
            for (int row = 0; row < layout.RowsAt(t); row++)
                Apply(values.Slice((layout.OffsetAt(t) + row) * features, features), rate, RandomSource.Key(key, (ulong)rowIds[row], (ulong)t));
        }
    }

    /// <summary>The same for one value per row, <c>[rows, features]</c>.</summary>
    public static void Apply(Span<float> values, int features, ReadOnlySpan<int> rowIds, float rate, ulong key)
    {
        if (rate <= 0) return;
        for (int row = 0; row < values.Length / features; row++)
            Apply(values.Slice(row * features, features), rate, RandomSource.Key(key, (ulong)rowIds[row]));
    }

    private static void Apply(Span<float> values, float rate, ulong key)
    {
        // 16 random bits decide one value: the rate is met to 1 / 65536.
        int threshold = (int)MathF.Round(rate * 65536);
        float scale = 65536f / (65536 - threshold);
        ulong bits = 0;
        for (int j = 0; j < values.Length; j++)
        {
            bits = j % DrawsPerNumber == 0 ? RandomSource.At(key, (ulong)(j / DrawsPerNumber)) : bits >> 16;
            values[j] *= (int)(bits & 0xFFFF) < threshold ? 0 : scale;
        }
    }
}
