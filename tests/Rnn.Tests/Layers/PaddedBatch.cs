using Rnn.Cells;
using Rnn.Tensors;

namespace Rnn.Tests.Layers;

/// <summary>
/// The way between PyTorch's arrays (padded, <c>[T, N, ·]</c>, rows in any order, states <c>[layers*D, N, H]</c>) and the core's
/// packed rows, longest first. Padding comes out as zeros.
/// </summary>
internal sealed class PaddedBatch
{
    public PaddedBatch(int steps, int[] lengths)
    {
        Steps = steps;
        Order = [.. Enumerable.Range(0, lengths.Length).OrderByDescending(n => lengths[n])];
        Layout.Assign([.. Order.Select(n => lengths[n])]);
    }

    /// <summary>T of the padded arrays; the longest row may be shorter.</summary>
    public int Steps { get; }

    public SequenceLayout Layout { get; } = new();

    /// <summary>The caller's row at each place of the layout.</summary>
    public int[] Order { get; }

    public T[] Pack<T>(T[] padded, int features)
    {
        var packed = new T[Layout.Tokens * features];
        foreach (var (from, to) in Tokens()) padded.AsSpan(from * features, features).CopyTo(packed.AsSpan(to * features));
        return packed;
    }

    public float[] Unpack(ReadOnlySpan<float> packed, int features)
    {
        var padded = new float[Steps * Order.Length * features];
        foreach (var (to, from) in Tokens()) packed.Slice(from * features, features).CopyTo(padded.AsSpan(to * features));
        return padded;
    }

    /// <summary>Rows <c>[N, F]</c> in the layout's order.</summary>
    public T[] PackRows<T>(T[] rows) => [.. Order.SelectMany(n => rows.Skip(n * (rows.Length / Order.Length)).Take(rows.Length / Order.Length))];

    public float[] UnpackRows(ReadOnlySpan<float> packed)
    {
        var features = packed.Length / Order.Length;
        var rows = new float[packed.Length];
        for (var row = 0; row < Order.Length; row++) packed.Slice(row * features, features).CopyTo(rows.AsSpan(Order[row] * features));
        return rows;
    }

    public void PackStates(float[] h, float[] c, CellState[] into)
    {
        float[] Of(float[] all, int s) => PackRows(all[(s * all.Length / into.Length)..((s + 1) * all.Length / into.Length)]);
        for (var s = 0; s < into.Length; s++) into[s] = new CellState(Of(h, s), Of(c, s));
    }

    public float[] UnpackStates(CellState[] states, bool c) => [.. states.SelectMany(s => UnpackRows((c ? s.C : s.H).Span))];

    /// <summary>Each valid token's place in the padded and in the packed array.</summary>
    private IEnumerable<(int Padded, int Packed)> Tokens()
    {
        for (var t = 0; t < Layout.Steps; t++)
            for (var row = 0; row < Layout.RowsAt(t); row++)
                yield return (t * Order.Length + Order[row], Layout.OffsetAt(t) + row);
    }
}
