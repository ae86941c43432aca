using Rnn.Tensors;

namespace Rnn.Tests.Tensors;

public sealed class RandomSourceTests
{
    /// <summary>The published sequence of SplitMix64 for seed 1234567.</summary>
    [Fact]
    public void Is_splitmix64()
    {
        var random = new RandomSource(1234567);
        Assert.Equal([6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL, 4593380528125082431UL, 16408922859458223821UL],
            Enumerable.Range(0, 5).Select(_ => random.Next()).ToArray());
    }

    [Fact]
    public void Numbers_are_in_range_and_evenly_spread()
    {
        var random = new RandomSource(3);
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++) counts[random.NextInt(7)]++;
        Assert.All(counts, c => Assert.InRange(c, 9_500, 10_500));
        var normals = Enumerable.Range(0, 50_000).Select(_ => random.NextNormal()).ToArray();
        Assert.Equal(0, normals.Average(), 0.02);
        Assert.Equal(1, normals.Average(v => v * v), 0.03);
        Assert.All(Enumerable.Range(0, 1000), _ => Assert.InRange(random.NextDouble(), 0, 1 - 1e-17));
    }

    [Fact]
    public void A_shuffle_is_a_permutation_and_every_place_is_reached()
    {
        var random = new RandomSource(4);
        var at = new int[5, 5];
        for (var run = 0; run < 5000; run++)
        {
            int[] values = [0, 1, 2, 3, 4];
            random.Shuffle(values);
            Assert.Equal([0, 1, 2, 3, 4], values.Order());
            for (var i = 0; i < 5; i++) at[i, values[i]]++;
        }

        foreach (var count in at) Assert.InRange(count, 850, 1150);
    }

    [Fact]
    public void Keys_differ_in_every_part_and_draws_in_every_number()
    {
        var keys = new HashSet<ulong>();
        for (ulong a = 0; a < 8; a++)
            for (ulong b = 0; b < 8; b++)
                for (ulong c = 0; c < 8; c++)
                    for (ulong d = 0; d < 8; d++) keys.Add(RandomSource.Key(a, b, c, d));
        Assert.Equal(4096, keys.Count);
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(i => RandomSource.At(42, (ulong)i)).Distinct().Count());
    }
}
