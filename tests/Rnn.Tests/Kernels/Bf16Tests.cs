using Rnn.Kernels;

namespace Rnn.Tests.Kernels;

/// <summary>Products with bfloat16 weights have, at every width and for any number of rows, the bits of the fp32 product with weights that were rounded before.</summary>
public sealed class Bf16Tests
{
    [Theory]
    [InlineData(0x3F800000u, 0x3F800000u)]
    [InlineData(0x3F807FFFu, 0x3F800000u)]
    [InlineData(0x3F808000u, 0x3F800000u)]
    [InlineData(0x3F808001u, 0x3F810000u)]
    [InlineData(0x3F818000u, 0x3F820000u)]
    [InlineData(0xBF818000u, 0xBF820000u)]
    [InlineData(0x3FFFFFFFu, 0x40000000u)]
    [InlineData(0x00000001u, 0x00000000u)]
    [InlineData(0x80000000u, 0x80000000u)]
    [InlineData(0x7F7FFFFFu, 0x7F800000u)]
    [InlineData(0x7F800000u, 0x7F800000u)]
    [InlineData(0xFF800000u, 0xFF800000u)]
    public void Rounding_goes_to_the_nearest_and_of_two_to_the_even_one(uint bits, uint want) =>
        Assert.Equal(want, BitConverter.SingleToUInt32Bits(Bf16Panels.Round(BitConverter.UInt32BitsToSingle(bits))));

    [Theory]
    [InlineData(0x7F800001u)]
    [InlineData(0xFFC00000u)]
    [InlineData(0x7FFFFFFFu)]
    public void A_NaN_stays_one(uint bits) => Assert.True(float.IsNaN(Bf16Panels.Round(BitConverter.UInt32BitsToSingle(bits))));

    [Theory]
    [CombinatorialWidths(3)]
    public void Widened_panels_are_the_rounded_ones(int rows, Width width)
    {
        var panels = Widths.Random(rows * Panels.Width, 1);
        (panels[5], panels[20], panels[40]) = (float.NaN, float.PositiveInfinity, 1e38f);
        var (pairs, wide) = (new float[panels.Length / 2], new float[panels.Length]);
        Bf16Panels.Narrow(panels, pairs);
        new Widening(pairs, wide).Run(width);
        Widths.AssertSameBits(Array.ConvertAll(panels, Bf16Panels.Round), wide, "panels");
    }

    [Theory]
    [CombinatorialWidths(1, 1)]
    [CombinatorialWidths(3, 10)]
    [CombinatorialWidths(7, 32)]
    [CombinatorialWidths(16, 65)]
    [CombinatorialWidths(33, 127)]
    [CombinatorialWidths(9, 128)]
    [CombinatorialWidths(40, 300)]
    public void A_row_has_the_bits_of_the_scalar_twin_over_rounded_weights(int depth, int columns, Width width)
    {
        var (rounded, bf16) = Matrices(depth, columns);
        var (x, bias, want, got) = (Widths.Random(depth, 1), Widths.Random(columns, 2), new float[columns], new float[columns]);
        foreach (var fromEnd in new[] { true, false })
            foreach (var added in (float[][])[bias, []])
            {
                new RowCall(x, rounded, added, want, false).Run(Width.Scalar);
                new RowCall(x, bf16, added, got, fromEnd).Run(width);
                Widths.AssertSameBits(want, got, $"bias {added.Length > 0}, from the end {fromEnd}");
            }
    }

    [Theory]
    [InlineData(1, 5, 65)]
    [InlineData(2, 40, 300)]
    [InlineData(3, 128, 512)]
    [InlineData(4, 31, 140)]
    [InlineData(13, 40, 300)]
    [InlineData(33, 128, 700)]
    public void Any_number_of_rows_has_the_bits_of_the_product_with_rounded_weights(int rows, int depth, int columns)
    {
        var (rounded, bf16) = Matrices(depth, columns);
        var (a, bias) = (Widths.Random(rows * depth, 1), Widths.Random(columns, 2));
        foreach (var added in (float[][])[bias, []])
        {
            var (want, got) = (new float[rows * (columns + 3)], new float[rows * (columns + 3)]);
            MatMul.Multiply(a, rows, rounded, added, want, columns + 3);
            MatMul.Multiply(a, rows, bf16, added, got, columns + 3);
            Widths.AssertSameBits(want, got, $"bias {added.Length > 0}");
        }
    }

    [Fact]
    public void It_takes_half_the_memory_and_is_not_read_as_what_it_is_not()
    {
        var matrix = new PackedMatrix(20, 100);
        Assert.Throws<InvalidOperationException>(() => RowProduct.Multiply(new float[20], matrix, default, new float[100]));
        matrix.PackTransposed(new float[2000]);
        Assert.Equal(20 * 128 * 4, matrix.SizeInBytes);
        matrix.PackTransposed(new float[2000], WeightPrecision.Bf16);
        Assert.Equal(20 * 128 * 2, matrix.SizeInBytes);
        Assert.Throws<InvalidOperationException>(() => MatMul.MultiplyAdd(new float[40], 2, matrix, new float[200], 100));
        matrix.PackTransposed(new float[2000]);
        Assert.Equal(WeightPrecision.Fp32, matrix.Precision);
    }

    /// <summary>One matrix, rounded and kept as fp32, and as bf16.</summary>
    private static (PackedMatrix Rounded, PackedMatrix Bf16) Matrices(int depth, int columns)
    {
        var values = Widths.Random(depth * columns, 3);
        var (rounded, bf16) = (new PackedMatrix(depth, columns), new PackedMatrix(depth, columns));
        rounded.PackTransposed(Array.ConvertAll(values, Bf16Panels.Round));
        bf16.PackTransposed(values, WeightPrecision.Bf16);
        return (rounded, bf16);
    }

    private sealed record Widening(float[] Pairs, float[] Wide) : IKernelCall
    {
        public void Run<TLanes, TVector>()
            where TLanes : ILanes<TVector>
            where TVector : struct => Bf16Panels.Widen<TLanes, TVector>(Pairs, Wide);
    }

    private sealed record RowCall(float[] X, PackedMatrix Matrix, float[] Bias, float[] Y, bool FromEnd) : IKernelCall
    {
        public void Run<TLanes, TVector>()
            where TLanes : ILanes<TVector>
            where TVector : struct => RowProduct.Multiply<TLanes, TVector>(X, Matrix, Bias, Y, FromEnd);
    }
}
