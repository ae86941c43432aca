using Rnn.Kernels;

namespace Rnn.Tests.Kernels;

/// <summary>The product of a single row has the bits of the scalar twin at every width, whatever is left over at the end, and those of the same row in a batch.</summary>
public sealed class RowProductTests
{
    [Theory]
    [CombinatorialWidths(1, 1)]
    [CombinatorialWidths(3, 10)]
    [CombinatorialWidths(7, 32)]
    [CombinatorialWidths(16, 65)]
    [CombinatorialWidths(33, 127)]
    [CombinatorialWidths(9, 128)]
    [CombinatorialWidths(40, 300)]
    [CombinatorialWidths(128, 512)]
    public void Every_width_gives_the_bits_of_the_scalar_twin(int depth, int columns, Width width)
    {
        foreach (var hasBias in new[] { true, false })
            foreach (var fromEnd in new[] { true, false })
            {
                var want = Run(depth, columns, hasBias, false, Width.Scalar);
                Widths.AssertSameBits(want, Run(depth, columns, hasBias, fromEnd, width), $"bias {hasBias}, from the end {fromEnd}");
            }
    }

    [Theory]
    [InlineData(5, 65)]
    [InlineData(128, 512)]
    [InlineData(31, 140)]
    public void A_row_alone_has_the_bits_it_has_in_a_batch(int depth, int columns)
    {
        var (x, bias, matrix) = (Widths.Random(3 * depth, 1), Widths.Random(columns, 2), Packed(depth, columns));
        var (batch, alone) = (new float[3 * columns], new float[columns]);
        MatMul.Multiply(x, 3, matrix, bias, batch, columns);
        for (var row = 0; row < 3; row++)
        {
            RowProduct.Multiply(x.AsSpan(row * depth), matrix, bias, alone);
            Widths.AssertSameBits(batch.AsSpan(row * columns, columns), alone, $"row {row}");
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var matrix = Packed(4, 8);
        Assert.Throws<ArgumentException>(() => RowProduct.Multiply(new float[4], matrix, new float[7], new float[8]));
        Assert.Throws<ArgumentOutOfRangeException>(() => RowProduct.Multiply(new float[3], matrix, default, new float[8]));
        Assert.Throws<ArgumentOutOfRangeException>(() => RowProduct.Multiply(new float[4], matrix, default, new float[7]));
    }

    private static PackedMatrix Packed(int depth, int columns)
    {
        var matrix = new PackedMatrix(depth, columns);
        matrix.Pack(Widths.Random(depth * columns, 3));
        return matrix;
    }

    private static float[] Run(int depth, int columns, bool hasBias, bool fromEnd, Width width)
    {
        var y = Widths.Random(columns, 4);
        new Call(Widths.Random(depth, 1), Packed(depth, columns), hasBias ? Widths.Random(columns, 2) : [], y, fromEnd).Run(width);
        return y;
    }

    private sealed record Call(float[] X, PackedMatrix Matrix, float[] Bias, float[] Y, bool FromEnd) : IKernelCall
    {
        public void Run<TLanes, TVector>()
            where TLanes : ILanes<TVector>
            where TVector : struct => RowProduct.Multiply<TLanes, TVector>(X, Matrix, Bias, Y, FromEnd);
    }
}
