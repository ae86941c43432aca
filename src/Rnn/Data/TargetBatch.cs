using Rnn.Tensors;

namespace Rnn.Data;

/// <summary>The token sequences that a batch should emit, packed longest first, and what the network is fed meanwhile: the token before (teacher forcing, Williams &amp; Zipser 1989).</summary>
public sealed class TargetBatch
{
    private int[] _targets = [];
    private int[] _inputs = [];
    private int[] _rowIds = [];
    private int[] _lengths = [];

    /// <summary>Where each step of each row lies.</summary>
    public SequenceLayout Layout { get; } = new();

    /// <summary>The tokens to emit <c>[tokens]</c>.</summary>
    public ReadOnlySpan<int> Targets => _targets.AsSpan(0, Layout.Tokens);

    /// <summary>The token before each <c>[tokens]</c>; at the first step the begin token.</summary>
    public Span<int> Inputs => _inputs.AsSpan(0, Layout.Tokens);

    /// <summary>The place of each row in the whole batch, whatever shard it is in.</summary>
    public ReadOnlySpan<int> RowIds => _rowIds.AsSpan(0, Layout.Rows);

    /// <summary>
    /// Scheduled sampling (Bengio et al. 2015), all steps at once (Mihaylova &amp; Martins 2019): with probability <paramref name="rate"/> a step reads what the network itself chose
    /// before it, <paramref name="chosen"/> <c>[tokens]</c>, instead of the true token.
    /// </summary>
    public void ReplaceByChosen(ReadOnlySpan<int> chosen, float rate, ulong key)
    {
        ulong threshold = (ulong)(rate * ulong.MaxValue);
        for (int t = 1; t < Layout.Steps; t++)
        {
            for (int row = 0; row < Layout.RowsAt(t); row++)
            {
                if (RandomSource.At(RandomSource.Key(key, (ulong)_rowIds[row]), (ulong)t) < threshold)
                    _inputs[Layout.OffsetAt(t) + row] = chosen[Layout.OffsetAt(t - 1) + row];
            }
        }
    }

    /// <summary>Takes every <paramref name="stride"/>-th row from <paramref name="first"/> on of rows whose targets come longest first.</summary>
    public void Assign(ExampleSet set, ReadOnlySpan<int> rows, int begin, int first = 0, int stride = 1)
    {
        int count = (rows.Length - first + stride - 1) / stride;
        if (_rowIds.Length < count) (_rowIds, _lengths) = (new int[count], new int[count]);
        for (int i = 0; i < count; i++)
        {
            _rowIds[i] = first + (i * stride);
            _lengths[i] = set.Targets[rows[_rowIds[i]]].Length;
        }

        Layout.Assign(_lengths.AsSpan(0, count));
        if (_targets.Length < Layout.Tokens) (_targets, _inputs) = (new int[2 * Layout.Tokens], new int[2 * Layout.Tokens]);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<int> target = set.Targets[rows[_rowIds[i]]].Span;
            Layout.Pack(i, target, 1, _targets);
            _inputs[i] = begin;
            for (int t = 1; t < target.Length; t++) _inputs[Layout.OffsetAt(t) + i] = target[t - 1];
        }
    }
}
