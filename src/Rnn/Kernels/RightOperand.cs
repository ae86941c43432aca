namespace Rnn.Kernels;

/// <summary>What a transposed matrix is multiplied by, <c>[depth, columns]</c>, and what the product is added to; of no columns by default.</summary>
internal readonly ref struct RightOperand(ReadOnlySpan<float> values, int columns, Span<float> sum)
{
    private readonly ReadOnlySpan<float> _values = values;

    public int Columns => columns;

    /// <summary>The rows from <paramref name="first"/> on.</summary>
    public ReadOnlySpan<float> From(int first) => _values[(first * columns)..];

    public Span<float> Sum { get; } = sum;

    /// <summary>Packs some rows into the beginning of <paramref name="scratch"/>; returns their panels.</summary>
    public Span<float> Pack(int first, int rows, Span<float> scratch)
    {
        Span<float> panels = scratch[..Panels.Length(rows, columns, Panels.Width)];
        Panels.Pack(From(first), rows, columns, columns, Panels.Width, panels);
        return panels;
    }
}
