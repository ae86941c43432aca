using Rnn.Kernels;

namespace Rnn.Tests.Kernels;

/// <summary>
/// The products against the triple loop. Operands are small integers, so that every order of summation gives the same float
/// and one wrong index shows as a wrong number.
/// </summary>
public sealed class MatMulTests
{
    private const float Untouched = 12345;

    // Odd sizes around the tiles (4, 8 and 12 rows, 32 columns, eight vectors in a single row), the blocks (84 rows of 2,000 values, 512 deep) and one of each, the last of which may be a single row.
    public static TheoryData<int, int, int> Shapes()
    {
        var shapes = new TheoryData<int, int, int>();
        foreach (var rows in new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 19, 20, 28, 33 })
            foreach (var depth in new[] { 1, 2, 31, 64, 129 })
                foreach (var columns in new[] { 1, 3, 31, 32, 33, 36, 37, 64, 96, 127, 128, 160, 192, 257 }) shapes.Add(rows, depth, columns);
        foreach (var rows in new[] { 1, 5, 37, 250 })
            foreach (var depth in new[] { 511, 513, 1_024, 2_000 }) shapes.Add(rows, depth, 130);
        shapes.Add(109, 7_300, 70);
        shapes.Add(250, 513, 128);
        return shapes;
    }

    private static float[] Integers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)random.Next(-8, 9))];
    }

    private static float[] Product(float[] a, float[] b, int rows, int depth, int columns)
    {
        var c = new float[rows * columns];
        for (var i = 0; i < rows; i++)
            for (var k = 0; k < depth; k++)
                for (var j = 0; j < columns; j++)
                    c[i * columns + j] += a[i * depth + k] * b[k * columns + j];
        return c;
    }

    private static float[] Transposed(float[] matrix, int rows, int columns) =>
        [.. Enumerable.Range(0, columns).SelectMany(c => Enumerable.Range(0, rows).Select(r => matrix[r * columns + c]))];

    /// <summary>The wanted product spread over rows <paramref name="stride"/> apart, what lies between them untouched.</summary>
    private static void AssertProduct(float[] want, float[] c, int columns, int stride)
    {
        for (var i = 0; i < c.Length; i++)
            Assert.Equal(i % stride < columns ? want[i / stride * columns + i % stride] : Untouched, c[i]);
    }

    private sealed record Call(float[] A, LeftTiles Tiles, float[] Panels, int Depth, int Columns, float[] C, int Stride, float[] Addend, int AddendStride) : IKernelCall
    {
        public void Run<TLanes, TVector>()
            where TLanes : ILanes<TVector>
            where TVector : struct =>
            MatMul.Run<TLanes, TVector>(A, Tiles, Depth, Panels, Depth, Columns, C, Stride, Addend, AddendStride, Rnn.Kernels.Panels.Width);
    }

    [Theory]
    [MemberData(nameof(Shapes), DisableDiscoveryEnumeration = true)]
    public void Every_width_multiplies_packed_matrices(int rows, int depth, int columns)
    {
        var (a, b, bias) = (Integers(rows * depth, 1), Integers(depth * columns, 2), Integers(columns, 3));
        var tiles = new LeftTiles(rows);
        var (packed, panels) = (new float[tiles.Length(depth)], new float[Panels.Length(depth, columns, Panels.Width)]);
        tiles.PackRows(a, depth, depth, packed);
        Panels.Pack(b, depth, columns, columns, Panels.Width, panels);
        var plain = Product(a, b, rows, depth, columns);
        var stride = columns + 3;
        foreach (var width in Enum.GetValues<Width>().Where(w => w != Width.Scalar))
        {
            var c = Enumerable.Repeat(Untouched, rows * stride).ToArray();
            new Call(packed, tiles, panels, depth, columns, c, stride, bias, 0).Run(width);
            AssertProduct([.. plain.Select((v, i) => v + bias[i % columns])], c, columns, stride);

            var again = (float[])c.Clone();
            new Call(packed, tiles, panels, depth, columns, again, stride, again, stride).Run(width);
            AssertProduct([.. plain.Select((v, i) => 2 * v + bias[i % columns])], again, columns, stride);
        }
    }

    public static MatrixTheoryData<int, int> Tiles() => new([1, 2, 4, 5, 8, 9, 11, 12, 13, 16, 17, 21, 24, 28, 31, 64], [1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 129]);

    [Theory]
    [MemberData(nameof(Tiles))]
    public void Both_ways_to_pack_tiles_give_the_same_and_write_nothing_beyond(int rows, int depth)
    {
        const int Beyond = 16;
        var (a, tiles) = (Integers(rows * depth, 1), new LeftTiles(rows));
        float[] Packed(Action<float[]> pack)
        {
            var target = Enumerable.Repeat(Untouched, tiles.Length(depth) + Beyond).ToArray();
            pack(target);
            Assert.All(target[^Beyond..], value => Assert.Equal(Untouched, value));
            return target;
        }

        var want = Packed(target =>
        {
            Array.Clear(target, 0, tiles.Length(depth));
            for (var row = 0; row < rows; row++)
            {
                var first = row;
                for (var tile = 0; tile <= row; tile += tiles.HeightAt(tile)) first = tile;
                for (var k = 0; k < depth; k++) target[first * depth + k * tiles.HeightAt(first) + row - first] = a[row * depth + k];
            }
        });
        Assert.Equal(want, Packed(target => tiles.PackRows(a, depth, depth, target)));
        Assert.Equal(want, Packed(target => tiles.PackColumns(Transposed(a, rows, depth), depth, rows, target)));
    }

    [Fact]
    public void No_tile_is_lower_than_it_must_be()
    {
        for (var rows = 1; rows <= 100; rows++)
        {
            var (tiles, filled) = (new LeftTiles(rows), 0);
            for (var row = 0; row < rows; row += tiles.HeightAt(row)) filled += tiles.HeightAt(row);
            Assert.Equal(filled, tiles.Length(1));
            Assert.InRange(filled - rows, 0, 3);
            if (rows > 4) Assert.NotEqual(4, tiles.HeightAt(rows - 1));
        }
    }

    [Theory]
    [MemberData(nameof(Shapes), DisableDiscoveryEnumeration = true)]
    public void The_public_products_agree_with_the_triple_loop(int rows, int depth, int columns)
    {
        var (a, b, start) = (Integers(rows * depth, 1), Integers(depth * columns, 2), Integers(rows * columns, 3));
        var want = Product(a, b, rows, depth, columns);
        var (packed, transposed) = (new PackedMatrix(depth, columns), new PackedMatrix(depth, columns));
        packed.Pack(b);
        transposed.PackTransposed(Transposed(b, depth, columns));

        // As if a whole tile of rows came behind.
        var c = Enumerable.Repeat(Untouched, (rows + LeftTiles.Tallest) * columns).ToArray();
        float[] alone = [.. want, .. c[want.Length..]];
        MatMul.Multiply(a, rows, packed, default, c, columns);
        Assert.Equal(alone, c);
        MatMul.Multiply(a, rows, transposed, default, c, columns);
        Assert.Equal(alone, c);

        var sum = (float[])start.Clone();
        MatMul.MultiplyAdd(a, rows, packed, sum, columns);
        Assert.Equal(start.Zip(want, (x, y) => x + y), sum);

        var (stride, onto) = (columns + 3, new float[rows * columns]);
        var apart = Integers(rows * stride, 4);
        MatMul.MultiplyAdd(a, rows, packed, apart, stride, onto, columns);
        Assert.Equal(want.Select((x, i) => x + apart[i / columns * stride + i % columns]), onto);

        var gradient = (float[])start.Clone();
        var scratch = new float[MatMul.ScratchLength(depth, rows, columns)];
        MatMul.MultiplyTransposedAdd(Transposed(a, rows, depth), rows, rows, b, columns, depth, gradient, scratch);
        Assert.Equal(start.Zip(want, (x, y) => x + y), gradient);
    }

    [Theory]
    [InlineData(48)]
    [InlineData(2_048)]
    public void A_transposed_operand_whose_tokens_lie_apart_is_multiplied_the_same(int stride)
    {
        const int Depth = 300, Columns = 128;
        var (a, b) = (Integers(Depth * stride, 1), Integers(Depth * Columns, 2));
        for (var rows = 1; rows <= 40; rows++)
        {
            var gradient = new float[rows * Columns];
            MatMul.MultiplyTransposedAdd(a, rows, stride, b, Columns, Depth, gradient, new float[MatMul.ScratchLength(Depth, rows, Columns)]);
            Assert.Equal(Product(Transposed([.. Enumerable.Range(0, Depth).SelectMany(k => a[(k * stride)..(k * stride + rows)])], Depth, rows), b, rows, Depth, Columns), gradient);
        }
    }

    [Theory]
    [InlineData(40, 192, 64)]
    [InlineData(40, 576, 64)]
    [InlineData(512, 128, 70)]
    [InlineData(512, 7, 0)]
    public void A_transposed_operand_is_multiplied_by_two_matrices_as_by_each(int rows, int columns, int others)
    {
        const int Depth = 300;
        var (a, b, other) = (Integers(Depth * rows, 1), Integers(Depth * columns, 2), Integers(Depth * others, 3));
        var (sum, otherSum) = (Integers(rows * columns, 4), Integers(rows * others, 5));
        var (want, otherWant) = ((float[])sum.Clone(), (float[])otherSum.Clone());
        MatMul.MultiplyTransposedAdd(a, rows, rows, b, columns, Depth, want, new float[MatMul.ScratchLength(Depth, rows, columns)]);
        MatMul.MultiplyTransposedAdd(a, rows, rows, other, others, Depth, otherWant, new float[MatMul.ScratchLength(Depth, rows, others)]);
        MatMul.MultiplyTransposedAdd(a, rows, rows, Depth, new RightOperand(b, columns, sum), new RightOperand(other, others, otherSum), new float[MatMul.ScratchLength(Depth, rows, columns, others)]);
        Assert.Equal(want, sum);
        Assert.Equal(otherWant, otherSum);
    }

    public static MatrixTheoryData<int, int> Heights() => new(Enumerable.Range(2, 38), [2, 65, 192, 200]);

    [Theory]
    [MemberData(nameof(Heights))]
    public void A_row_has_the_same_bits_alone_and_among_others(int rows, int columns)
    {
        const int Depth = 77;
        var (a, b) = (Widths.Random(rows * Depth, 1), Widths.Random(Depth * columns, 2));
        var packed = new PackedMatrix(Depth, columns);
        packed.Pack(b);
        var together = new float[rows * columns];
        MatMul.Multiply(a, rows, packed, default, together, columns);
        for (var row = 0; row < rows; row++)
        {
            var alone = new float[columns];
            MatMul.Multiply(a.AsSpan(row * Depth, Depth), 1, packed, default, alone, columns);
            Widths.AssertSameBits(together.AsSpan(row * columns, columns), alone, $"row {row}");
        }
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_named()
    {
        var packed = new PackedMatrix(4, 5);
        var error = Assert.Throws<ArgumentException>(() => MatMul.Multiply(new float[7], 2, packed, default, new float[10], 5));
        Assert.Contains("7", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => MatMul.Multiply(new float[8], 2, packed, new float[4], new float[10], 5));
        Assert.Throws<ArgumentException>(() => MatMul.Multiply(new float[8], 2, packed, default, new float[9], 5));
        Assert.Throws<ArgumentException>(() => MatMul.Multiply(new float[8], 2, packed, default, new float[10], 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PackedMatrix(0, 5));
    }
}
