using Rnn.Tensors;

namespace Rnn.Data;

/// <summary>Rows of a batch (or of one shard of it) in the packed, time-major layout the cells read. Reused from step to step.</summary>
public sealed class Batch
{
    private int[] _ids = [];
    private float[] _frames = [];
    private int[] _rowIds = [];
    private int[] _lengths = [];

    /// <summary>Where each step of each row lies.</summary>
    public SequenceLayout Layout { get; } = new();

    /// <summary>Ids, or features, per step.</summary>
    public int Width { get; private set; }

    /// <summary>Token ids <c>[tokens, width]</c>; empty for frames.</summary>
    public Span<int> Ids => _ids.AsSpan(0, IsTokens ? Layout.Tokens * Width : 0);

    /// <summary>Frames <c>[tokens, width]</c>; empty for tokens.</summary>
    public ReadOnlySpan<float> Frames => _frames.AsSpan(0, IsTokens ? 0 : Layout.Tokens * Width);

    /// <summary>The place of each row in the whole batch, whatever shard it is in.</summary>
    public ReadOnlySpan<int> RowIds => _rowIds.AsSpan(0, Layout.Rows);

    private bool IsTokens { get; set; }

    /// <summary>
    /// Takes every <paramref name="stride"/>-th row from <paramref name="first"/> on of a batch whose <paramref name="rows"/>
    /// (indices into <paramref name="inputs"/>) are ordered longest first: interleaved shards are equally long.
    /// </summary>
    public void Assign(IReadOnlyList<Sequence> inputs, ReadOnlySpan<int> rows, int first = 0, int stride = 1)
    {
        Span<int> rowIds = Reserve((rows.Length - first + stride - 1) / stride);
        for (int i = 0; i < rowIds.Length; i++) rowIds[i] = first + (i * stride);
        Fill(inputs, rows, rowIds);
    }

    /// <summary>Takes the rows <c>rows[rowIds[i]]</c>, which must come longest first.</summary>
    public void Assign(IReadOnlyList<Sequence> inputs, ReadOnlySpan<int> rows, ReadOnlySpan<int> rowIds)
    {
        Span<int> own = Reserve(rowIds.Length);
        rowIds.CopyTo(own);
        Fill(inputs, rows, own);
    }

    /// <summary>
    /// Replaces a share of the tokens by the unknown one, so that its vector learns to stand for words never seen (word dropout, Iyyer et al. 2015).
    /// Affixes and n-grams stay, as they do for a new word.
    /// </summary>
    public void ReplaceByUnknown(float rate, ulong key)
    {
        if (rate <= 0 || !IsTokens) return;
        ulong threshold = (ulong)(rate * ulong.MaxValue);
        for (int t = 0; t < Layout.Steps; t++)
        {
            for (int row = 0; row < Layout.RowsAt(t); row++)
            {
                if (RandomSource.At(RandomSource.Key(key, (ulong)_rowIds[row]), (ulong)t) >= threshold) continue;
                _ids[(Layout.OffsetAt(t) + row) * Width] = Vocabulary.Unknown;
            }
        }
    }

    private Span<int> Reserve(int count)
    {
        if (_rowIds.Length < count)
        {
            _rowIds = new int[count];
            _lengths = new int[count];
        }

        return _rowIds.AsSpan(0, count);
    }

    private void Fill(IReadOnlyList<Sequence> inputs, ReadOnlySpan<int> rows, ReadOnlySpan<int> rowIds)
    {
        for (int i = 0; i < rowIds.Length; i++) _lengths[i] = inputs[rows[rowIds[i]]].Steps;
        Layout.Assign(_lengths.AsSpan(0, rowIds.Length));
        Sequence shape = inputs[rows[rowIds[0]]];
        (Width, IsTokens) = (shape.Width, shape.IsTokens);
        int length = Layout.Tokens * Width;
        if (IsTokens && _ids.Length < length) _ids = new int[Math.Max(length, 2 * _ids.Length)];
        if (!IsTokens && _frames.Length < length) _frames = new float[Math.Max(length, 2 * _frames.Length)];
        for (int i = 0; i < rowIds.Length; i++)
        {
            Sequence input = inputs[rows[rowIds[i]]];
            if (input.Width != Width || input.IsTokens != IsTokens)
                throw new ArgumentException($"Sequence {rows[rowIds[i]]} has {input.Width} values a step, the first of its batch {Width}.", nameof(inputs));
            if (IsTokens) Layout.Pack(i, input.Ids.Span, Width, _ids);
            else Layout.Pack(i, input.Frames.Span, Width, _frames);
        }
    }
}
