namespace Rnn.Kernels;

/// <summary>
/// Where a gate pass finds the input part of its pre-activations: where it leaves the gates, or, with <paramref name="ids"/>, in a row of a table <c>[·, width]</c> for each
/// row of the step; a negative id stands for the table's last row.
/// </summary>
internal readonly ref struct InputRows(ReadOnlySpan<float> table, ReadOnlySpan<int> ids, int width)
{
    private readonly ReadOnlySpan<float> _table = table;
    private readonly ReadOnlySpan<int> _ids = ids;

    /// <summary>The begin of a row; <paramref name="gates"/> is where the gates of that row go.</summary>
    public ref readonly float At(int row, ref float gates)
    {
        if (_ids.IsEmpty) return ref gates;
        int id = _ids[row];
        return ref _table[id < 0 ? _table.Length - width : id * width];
    }
}
