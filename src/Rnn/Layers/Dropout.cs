using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>
/// Inverted dropout (Srivastava et al. 2014) at one place of one pass: a value is kept with probability 1 - rate and then divided by it.
/// The mask is a function of (key, row, step, feature) and is computed again in the backward pass, not stored. The default drops nothing.
/// </summary>
/// <param name="Rate">Share of values that become 0.</param>
/// <param name="Key">What the mask is drawn from.</param>
/// <param name="Variational">Whether all steps of a row have one mask (Gal &amp; Ghahramani 2016, but for their masks on the state and on whole words).</param>
public readonly record struct Dropout(float Rate, ulong Key, bool Variational = false)
{
    private const int DrawsPerNumber = 4;

    /// <summary>For one of the places of a pass; nothing is dropped where the pass has no key.</summary>
    public static Dropout At(ulong site, float rate, ulong? passKey, bool variational = false) =>
        passKey is { } key ? new Dropout(rate, RandomSource.Key(key, site), variational) : default;

    /// <summary>The same for one of several layers.</summary>
    public Dropout Of(int layer) => this with { Key = RandomSource.Key(Key, (ulong)layer) };

    /// <summary>
    /// Multiplies <paramref name="values"/> <c>[tokens, features]</c> by the mask in place; the backward pass is the same call on the gradient.
    /// <paramref name="rowIds"/> names the rows of the layout in the whole batch, so that the mask does not depend on how the batch was cut.
    /// </summary>
    public void Apply(Span<float> values, int features, SequenceLayout layout, ReadOnlySpan<int> rowIds)
    {
        if (Rate <= 0) return;
        for (int t = 0; t < layout.Steps; t++)
        {
            for (int row = 0; row < layout.RowsAt(t); row++)
                Apply(values.Slice((layout.OffsetAt(t) + row) * features, features), RandomSource.Key(Key, (ulong)rowIds[row], Variational ? 0 : (ulong)t));
        }
    }

    /// <summary>The same for one value per row, <c>[rows, features]</c>.</summary>
    public void Apply(Span<float> values, int features, ReadOnlySpan<int> rowIds)
    {
        if (Rate <= 0) return;
        for (int row = 0; row < values.Length / features; row++)
            Apply(values.Slice(row * features, features), RandomSource.Key(Key, (ulong)rowIds[row]));
    }

    /// <summary>What <see cref="Apply(Span{float}, int, SequenceLayout, ReadOnlySpan{int})"/> makes of values that are still read as they are, in a buffer of its own; themselves where nothing is dropped.</summary>
    public Memory<float> Masked(Memory<float> values, int features, SequenceLayout layout, ReadOnlySpan<int> rowIds, Workspace workspace)
    {
        if (Rate <= 0) return values;
        Memory<float> masked = workspace.Rent(values.Length);
        values.CopyTo(masked);
        Apply(masked.Span, features, layout, rowIds);
        return masked;
    }

    private void Apply(Span<float> values, ulong key)
    {
        // 16 random bits decide one value: the rate is met to 1 / 65536.
        int threshold = (int)MathF.Round(Rate * 65536);
        float scale = 65536f / (65536 - threshold);
        ulong bits = 0;
        for (int j = 0; j < values.Length; j++)
        {
            bits = j % DrawsPerNumber == 0 ? RandomSource.At(key, (ulong)(j / DrawsPerNumber)) : bits >> 16;
            values[j] *= (int)(bits & 0xFFFF) < threshold ? 0 : scale;
        }
    }
}
