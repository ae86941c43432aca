namespace Rnn.Kernels;

/// <summary>The right operand of a product, <c>[Depth, Columns]</c>, packed once and multiplied many times.</summary>
public sealed class PackedMatrix
{
    private Memory<float> _panels;

    /// <summary>A matrix of this shape; pack it before the first product.</summary>
    public PackedMatrix(int depth, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(depth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        Depth = depth;
        Columns = columns;
    }

    /// <summary>Rows: the dimension that the product sums over.</summary>
    public int Depth { get; }

    /// <summary>Columns of the product.</summary>
    public int Columns { get; }

    /// <summary>How it was packed last; only <see cref="MatMul.Multiply"/> knows bf16.</summary>
    public WeightPrecision Precision { get; private set; }

    /// <summary>Memory that it takes packed.</summary>
    public long SizeInBytes => (sizeof(float) * (long)_panels.Length) + (Tight?.SizeInBytes ?? 0);

    /// <summary>The values of an fp32 matrix (<see cref="Kernels.Panels"/>).</summary>
    /// <exception cref="InvalidOperationException">It is not packed, or as bf16.</exception>
    internal ReadOnlySpan<float> Panels => Stored(WeightPrecision.Fp32);

    /// <summary>The values of a bf16 matrix (<see cref="Bf16Panels"/>).</summary>
    /// <exception cref="InvalidOperationException">It is not packed, or as fp32.</exception>
    internal ReadOnlySpan<float> Pairs => Stored(WeightPrecision.Bf16);

    /// <summary>Most of an fp32 matrix once more, if a single row is multiplied faster by it.</summary>
    internal TightRows? Tight { get; private set; }

    private int Length => Kernels.Panels.Length(Depth, Columns, Kernels.Panels.Width);

    /// <summary>Takes a row-major <c>[Depth, Columns]</c> matrix.</summary>
    public void Pack(ReadOnlySpan<float> matrix)
    {
        Kernels.Panels.Pack(matrix, Depth, Columns, Columns, Kernels.Panels.Width, Room(WeightPrecision.Fp32).Span);
        Tight = null;
    }

    /// <summary>Takes the transpose of a row-major <c>[Columns, Depth]</c> matrix.</summary>
    public void PackTransposed(ReadOnlySpan<float> matrix, WeightPrecision precision = WeightPrecision.Fp32)
    {
        bool isBf16 = precision == WeightPrecision.Bf16;
        Span<float> panels = isBf16 ? new float[Length] : Room(precision).Span;
        Kernels.Panels.PackTransposed(matrix, Depth, Columns, Depth, Kernels.Panels.Width, panels);
        if (isBf16) Bf16Panels.Narrow(panels, Room(precision).Span);
        Tight = null;
    }

    /// <summary>Makes a second copy where that is faster for single rows (<see cref="TightRows"/>); worth it where many will be multiplied before it is packed again.</summary>
    public void PrepareForOneRow()
    {
        if (TightRows.Pays && Precision == WeightPrecision.Fp32) Tight = TightRows.Of(Panels, Depth, Columns);
    }

    /// <summary>Memory for the values, made once unless the precision changes.</summary>
    private Memory<float> Room(WeightPrecision precision)
    {
        int length = precision == WeightPrecision.Bf16 ? Length / 2 : Length;
        if (_panels.Length != length) _panels = AlignedMemory.Allocate(length);
        Precision = precision;
        return _panels;
    }

    private ReadOnlySpan<float> Stored(WeightPrecision precision) =>
        Precision == precision && !_panels.IsEmpty ? _panels.Span : throw new InvalidOperationException($"The matrix is {(_panels.IsEmpty ? "not packed" : $"packed as {Precision}")}; this product reads {precision}.");
}
