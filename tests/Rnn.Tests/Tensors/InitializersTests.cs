using Rnn.Tensors;

namespace Rnn.Tests.Tensors;

public sealed class InitializersTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    public void Orthogonal_matrices_are_orthogonal(int size)
    {
        var random = new RandomSource(1);
        var w = new float[size * size];
        Initializers.Orthogonal(w, size, ref random);
        for (var i = 0; i < size; i++)
            for (var j = 0; j < size; j++)
                Assert.Equal(i == j ? 1 : 0, Enumerable.Range(0, size).Sum(k => (double)w[i * size + k] * w[j * size + k]), 1e-5);
    }

    [Fact]
    public void Bounds_and_deviations_are_as_stated()
    {
        var random = new RandomSource(2);
        var w = new float[20_000];
        Initializers.Xavier(w, 30, 20, ref random);
        Assert.InRange(w.Max(), 0.99 * Math.Sqrt(6.0 / 50), Math.Sqrt(6.0 / 50));
        Assert.InRange(w.Min(), -Math.Sqrt(6.0 / 50), -0.99 * Math.Sqrt(6.0 / 50));
        Initializers.Normal(w, 0.3, ref random);
        Assert.Equal(0.3, Math.Sqrt(w.Average(v => (double)v * v)), 0.01);
    }

    [Theory]
    [InlineData(RecurrentInit.Orthogonal)]
    [InlineData(RecurrentInit.Uniform)]
    [InlineData(RecurrentInit.Xavier)]
    [InlineData(RecurrentInit.Identity)]
    public void Every_gate_block_of_a_recurrent_matrix_is_drawn(RecurrentInit kind)
    {
        var random = new RandomSource(3);
        var w = Enumerable.Repeat(float.NaN, 3 * 25).ToArray();
        Initializers.Recurrent(w, 5, kind, ref random);
        Assert.All(w.Chunk(25), block =>
        {
            Assert.DoesNotContain(float.NaN, block);
            Assert.Contains(block, v => v != 0);
        });
        if (kind != RecurrentInit.Identity) Assert.NotEqual(w[..25], w[25..50]);
    }

    [Fact]
    public void Every_gate_block_is_what_its_name_says()
    {
        const int Hidden = 32;
        static float[][] Blocks(RecurrentInit kind)
        {
            var random = new RandomSource(4);
            var w = new float[3 * Hidden * Hidden];
            Initializers.Recurrent(w, Hidden, kind, ref random);
            return [.. w.Chunk(Hidden * Hidden)];
        }

        static double RowProduct(float[] block, int i, int j) => Enumerable.Range(0, Hidden).Sum(k => (double)block[i * Hidden + k] * block[j * Hidden + k]);
        foreach (var block in Blocks(RecurrentInit.Orthogonal))
            for (var i = 0; i < Hidden; i++)
                for (var j = 0; j < Hidden; j++) Assert.Equal(i == j ? 1 : 0, RowProduct(block, i, j), 1e-5);

        Assert.All(Blocks(RecurrentInit.Identity), block => Assert.Equal(Enumerable.Range(0, Hidden * Hidden).Select(i => i % (Hidden + 1) == 0 ? 1f : 0f), block));
        Assert.All(Blocks(RecurrentInit.Xavier), block => Assert.InRange(block.Max(Math.Abs), 0.99 * Math.Sqrt(3.0 / Hidden), Math.Sqrt(3.0 / Hidden)));
        Assert.All(Blocks(RecurrentInit.Uniform), block => Assert.InRange(block.Max(Math.Abs), 0.99 / Math.Sqrt(Hidden), 1 / Math.Sqrt(Hidden)));
    }
}
