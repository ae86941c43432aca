using System.Runtime.Intrinsics.X86;
using Rnn.Kernels;

namespace Rnn.Tests.Kernels;

/// <summary>Rows that are stored in fewer bytes lose nothing: every product has the bits that it has with panels.</summary>
public sealed class TightRowsTests
{
    public TightRowsTests() => Assert.SkipUnless(Avx512F.IsSupported, "the processor has no AVX-512");

    [Theory]
    [InlineData(1, 128)]
    [InlineData(2, 128)]
    [InlineData(3, 255)]
    [InlineData(40, 300)]
    [InlineData(64, 512)]
    [InlineData(129, 384)]
    public void A_product_has_the_bits_it_has_with_panels(int depth, int columns)
    {
        foreach (var scale in new[] { 1e-12, 0.04, 1, 7, 1e12 }) AssertSameProducts(Widths.Random(depth * columns, 3, scale), depth, columns);
    }

    [Fact]
    public void Two_rows_of_three_take_an_eighth_less()
    {
        var tight = Tight(Widths.Random(96 * 256, 3), 96, 256);
        Assert.NotNull(tight);
        // A row with a weight below 2^-15 of the largest would be as large as before: none is here.
        Assert.Equal(2 * 4 * ((32 * 128) + (64 * 112)), tight.SizeInBytes);
        Assert.Equal(256, tight.Columns);
    }

    [Fact]
    public void Only_rows_with_a_weight_of_another_magnitude_stay_as_they_are()
    {
        var weights = Widths.Random(96 * 128, 3);
        var regular = Tight(weights, 96, 128)!.SizeInBytes;
        foreach (var (row, value) in new[] { (1, 0f), (4, -0f), (7, 1e-40f), (95, -1e-30f) }) weights[(row * 128) + row] = value;
        Assert.Equal(regular + (4 * 16 * 4), Tight(weights, 96, 128)!.SizeInBytes);
        AssertSameProducts(weights, 96, 128);
        // More than one of sixteen that could be tight.
        weights[(5 * 128) + 5] = 1e-6f;
        Assert.Null(Tight(weights, 96, 128));
    }

    [Fact]
    public void The_smallest_and_the_largest_that_fit_are_kept()
    {
        var weights = Widths.Random(96 * 128, 3);
        (weights[128 + 5], weights[128 + 120], weights[256 + 127], weights[256]) = (MathF.ScaleB(1, -15), -MathF.ScaleB(1, -15), MathF.BitDecrement(2), -MathF.BitDecrement(2));
        Assert.Equal(4 * ((32 * 128) + (64 * 112)), Tight(weights, 96, 128)!.SizeInBytes);
        AssertSameProducts(weights, 96, 128);
        weights[128 + 5] = MathF.BitDecrement(weights[128 + 5]);
        Assert.Equal(4 * ((33 * 128) + (63 * 112)), Tight(weights, 96, 128)!.SizeInBytes);
        AssertSameProducts(weights, 96, 128);
    }

    [Fact]
    public void Where_nothing_would_be_gained_there_are_none()
    {
        Assert.Null(Tight(Widths.Random(40 * 127, 3), 40, 127));
        Assert.Null(Tight(new float[40 * 128], 40, 128));
        foreach (var value in new[] { float.NaN, float.PositiveInfinity, 1e30f })
        {
            var weights = Widths.Random(40 * 128, 3);
            weights[77] = value;
            Assert.Null(Tight(weights, 40, 128));
        }

        var identity = new float[128 * 128];
        for (var i = 0; i < 128; i++) identity[i * 129] = 1;
        Assert.Null(Tight(identity, 128, 128));
    }

    [Fact]
    public void A_matrix_has_them_for_single_rows_of_fp32_only()
    {
        var (matrix, weights) = (new PackedMatrix(64, 256), Widths.Random(64 * 256, 3));
        matrix.PackTransposed(weights);
        Assert.Null(matrix.Tight);
        matrix.PrepareForOneRow();
        Assert.Equal(TightRows.Pays, matrix.Tight is not null);
        Assert.Equal((4 * 64 * 256) + (matrix.Tight?.SizeInBytes ?? 0), matrix.SizeInBytes);
        matrix.Pack(weights);
        Assert.Null(matrix.Tight);
        matrix.PrepareForOneRow();
        matrix.PackTransposed(weights, WeightPrecision.Bf16);
        Assert.Null(matrix.Tight);
        matrix.PrepareForOneRow();
        Assert.Null(matrix.Tight);
    }

    [Fact]
    public void A_row_alone_has_the_bits_it_has_in_a_batch()
    {
        const int Depth = 100, Columns = 450, Rows = 3;
        var matrix = new PackedMatrix(Depth, Columns);
        matrix.PackTransposed(Widths.Random(Depth * Columns, 3, 0.1));
        matrix.PrepareForOneRow();
        var (x, bias, batch, alone) = (Widths.Random(Rows * Depth, 1), Widths.Random(Columns, 2), new float[Rows * Columns], new float[Columns]);
        MatMul.Multiply(x, Rows, matrix, bias, batch, Columns);
        for (var row = 0; row < Rows; row++)
        {
            MatMul.Multiply(x.AsSpan(row * Depth, Depth), 1, matrix, bias, alone, Columns);
            Widths.AssertSameBits(batch.AsSpan(row * Columns, Columns), alone, $"row {row}");
        }
    }

    private static TightRows? Tight(float[] weights, int depth, int columns) => TightRows.Of(Packed(weights, depth, columns).Panels, depth, columns);

    private static PackedMatrix Packed(float[] weights, int depth, int columns)
    {
        var matrix = new PackedMatrix(depth, columns);
        matrix.Pack(weights);
        return matrix;
    }

    private static void AssertSameProducts(float[] weights, int depth, int columns)
    {
        var tight = Tight(weights, depth, columns);
        Assert.NotNull(tight);
        var (x, want, got) = (Widths.Random(depth, 1), new float[columns], new float[columns]);
        foreach (var bias in (float[][])[Widths.Random(columns, 2), []])
            foreach (var fromEnd in new[] { true, false })
            {
                Array.Clear(got);
                RowProduct.Multiply(x, Packed(weights, depth, columns), bias, want);
                tight.Multiply(x, bias, got, fromEnd);
                Widths.AssertSameBits(want.AsSpan(0, tight.Columns), got.AsSpan(0, tight.Columns), $"bias {bias.Length > 0}, from the end {fromEnd}");
                Assert.All(got[tight.Columns..], value => Assert.Equal(0f, value));
            }
    }
}
