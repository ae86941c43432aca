namespace Rnn.Kernels;

/// <summary>The right operand of a product, <c>[Depth, Columns]</c>, packed once and multiplied many times.</summary>
public sealed class PackedMatrix
{
    private readonly Memory<float> _panels;

    /// <summary>Room for a matrix of this shape; pack it before the first product.</summary>
    public PackedMatrix(int depth, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(depth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        Depth = depth;
        Columns = columns;
        _panels = AlignedMemory.Allocate(Kernels.Panels.Length(depth, columns, Kernels.Panels.Width));
    }

    /// <summary>Rows: the dimension that the product sums over.</summary>
    public int Depth { get; }

    /// <summary>Columns of the product.</summary>
    public int Columns { get; }

    internal ReadOnlySpan<float> Panels => _panels.Span;

    /// <summary>Takes a row-major <c>[Depth, Columns]</c> matrix.</summary>
    public void Pack(ReadOnlySpan<float> matrix) =>
        Kernels.Panels.Pack(matrix, Depth, Columns, Columns, Kernels.Panels.Width, _panels.Span);

    /// <summary>Takes the transpose of a row-major <c>[Columns, Depth]</c> matrix.</summary>
    public void PackTransposed(ReadOnlySpan<float> matrix) =>
        Kernels.Panels.PackTransposed(matrix, Depth, Columns, Depth, Kernels.Panels.Width, _panels.Span);
}
