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
        int count = (rows.Length - first + stride - 1) / stride;
        if (_rowIds.Length < count)
        {
            _rowIds = new int[count];
            _lengths = new int[count];
        }

        for (int i = 0; i < count; i++)
        {
            _rowIds[i] = first + (i * stride);
            _lengths[i] = inputs[rows[_rowIds[i]]].Steps;
        }

        Layout.Assign(_lengths.AsSpan(0, count));
        Width = inputs[rows[first]].Width;
        IsTokens = inputs[rows[first]].IsTokens;
        int length = Layout.Tokens * Width;
        if (IsTokens && _ids.Length < length) _ids = new int[Math.Max(length, 2 * _ids.Length)];
        if (!IsTokens && _frames.Length < length) _frames = new float[Math.Max(length, 2 * _frames.Length)];
        for (int i = 0; i < count; i++)
        {
            Sequence input = inputs[rows[_rowIds[i]]];
            if (input.Width != Width || input.IsTokens != IsTokens)
                throw new ArgumentException($"Sequence {rows[_rowIds[i]]} has {input.Width} values a step, the first of its batch {Width}.", nameof(inputs));
            for (int t = 0; t < input.Steps; t++)
            {
                int target = (Layout.OffsetAt(t) + i) * Width;
                if (IsTokens) input.Ids.AsSpan(t * Width, Width).CopyTo(_ids.AsSpan(target));
                else input.Frames.AsSpan(t * Width, Width).CopyTo(_frames.AsSpan(target));
            }
        }
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
}
