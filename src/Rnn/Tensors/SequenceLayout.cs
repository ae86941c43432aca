namespace Rnn.Tensors;

/// <summary>
/// How sequences of different lengths lie in one buffer without padding: time-major, rows longest first, so that step t is a
/// contiguous block of the first <see cref="RowsAt"/> rows (PyTorch's PackedSequence). No kernel ever sees a mask.
/// </summary>
public sealed class SequenceLayout
{
    private int[] _lengths = [];
    private int[] _offsets = [];

    /// <summary>Sequences (N).</summary>
    public int Rows { get; private set; }

    /// <summary>Whether all rows run to the last step.</summary>
    public bool IsEven => RowsAt(Steps - 1) == Rows;

    /// <summary>Steps of the longest sequence (T).</summary>
    public int Steps { get; private set; }

    /// <summary>Valid steps of all sequences together.</summary>
    public int Tokens { get; private set; }

    /// <summary>Steps of each row, descending.</summary>
    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, Rows);

    /// <summary>Where step <paramref name="t"/> begins, in tokens.</summary>
    public int OffsetAt(int t) => _offsets[t];

    /// <summary>How many rows reach step <paramref name="t"/>.</summary>
    public int RowsAt(int t) => _offsets[t + 1] - _offsets[t];

    /// <summary>Takes new lengths, reusing the buffers.</summary>
    /// <exception cref="ArgumentException">The lengths are not descending, or one is zero.</exception>
    public void Assign(ReadOnlySpan<int> lengths)
    {
        if (lengths.IsEmpty) throw new ArgumentException("A batch needs at least one sequence.", nameof(lengths));
        for (int row = 0; row < lengths.Length; row++)
        {
            if (lengths[row] < 1) throw new ArgumentException($"Row {row} has length {lengths[row]}, expected at least 1.", nameof(lengths));
            if (row > 0 && lengths[row] > lengths[row - 1]) throw new ArgumentException($"Row {row} has length {lengths[row]}, longer than the {lengths[row - 1]} before it: expected longest first.", nameof(lengths));
        }

        Rows = lengths.Length;
        Steps = lengths[0];
        if (_lengths.Length < Rows) _lengths = new int[Rows];
        if (_offsets.Length < Steps + 1) _offsets = new int[Math.Max(Steps + 1, 2 * _offsets.Length)];
        lengths.CopyTo(_lengths);
        int offset = 0;
        int rows = Rows;
        for (int t = 0; t < Steps; t++)
        {
            while (lengths[rows - 1] <= t) rows--;
            _offsets[t] = offset;
            offset = checked(offset + rows);
        }

        _offsets[Steps] = offset;
        Tokens = offset;
    }

    /// <summary>Puts the steps of one row, <c>[steps, width]</c>, where they belong in a packed buffer <c>[tokens, width]</c>.</summary>
    public void Pack<T>(int row, ReadOnlySpan<T> values, int width, Span<T> packed)
    {
        for (int t = 0; t < values.Length / width; t++)
            values.Slice(t * width, width).CopyTo(packed[((OffsetAt(t) + row) * width)..]);
    }
}
