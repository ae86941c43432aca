using Rnn.Data;

namespace Rnn.Tests.Data;

/// <summary>The order of an epoch and the packed layout of a batch.</summary>
public sealed class BatchTests
{
    private static int[] Lengths(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => 1 + random.Next(40))];
    }

    private static ExampleSet Of(int[] lengths) => ExampleSet.Unlabelled([.. lengths.Select(length => Sequence.OfTokens(new int[length]))]);

    [Theory]
    [InlineData(1, 8)]
    [InlineData(7, 8)]
    [InlineData(8, 8)]
    [InlineData(1000, 8)]
    [InlineData(1003, 32)]
    [InlineData(50, 1)]
    public void An_epoch_has_every_row_once_longest_first_in_a_batch(int count, int batchSize)
    {
        var lengths = Lengths(count, 1);
        var batches = Batching.Epoch(Of(lengths), batchSize, seed: 5, epoch: 2);
        Assert.Equal(Enumerable.Range(0, count), batches.SelectMany(b => b).Order());
        Assert.Equal((count + batchSize - 1) / batchSize, batches.Length);
        Assert.All(batches, batch =>
        {
            Assert.InRange(batch.Length, 1, batchSize);
            Assert.Equal(batch.Select(row => lengths[row]).OrderDescending(), batch.Select(row => lengths[row]));
        });
    }

    [Fact]
    public void The_order_follows_from_seed_and_epoch_alone()
    {
        var lengths = Lengths(300, 1);
        static string Text(int[][] batches) => string.Join(';', batches.Select(b => string.Join(',', b)));
        var one = Text(Batching.Epoch(Of(lengths), 16, 5, 2));
        Assert.Equal(one, Text(Batching.Epoch(Of(lengths), 16, 5, 2)));
        Assert.NotEqual(one, Text(Batching.Epoch(Of(lengths), 16, 6, 2)));
        Assert.NotEqual(one, Text(Batching.Epoch(Of(lengths), 16, 5, 3)));
    }

    [Fact]
    public void Rows_of_similar_length_share_a_batch()
    {
        var lengths = Lengths(5000, 1);
        var batches = Batching.Epoch(Of(lengths), 32, 5, 0);
        var padding = batches.Sum(b => b.Sum(row => lengths[b[0]] - lengths[row])) / (double)lengths.Sum();
        Assert.True(padding < 0.1, $"padding {padding:P0}");
    }

    [Fact]
    public void A_batch_is_time_major_and_its_shards_together_are_the_batch()
    {
        Sequence[] inputs = [Sequence.OfTokens([1, 2, 3, 4], 2), Sequence.OfTokens([5, 6, 7, 8, 9, 10], 2), Sequence.OfTokens([11, 12], 2)];
        var batch = new Batch();
        batch.Assign(inputs, [1, 0, 2]);
        Assert.Equal([5, 6, 1, 2, 11, 12, 7, 8, 3, 4, 9, 10], batch.Ids.ToArray());
        Assert.Equal([0, 1, 2], batch.RowIds.ToArray());
        Assert.Equal([3, 2, 1], batch.Layout.Lengths.ToArray());

        batch.Assign(inputs, [1, 0, 2], first: 0, stride: 2);
        Assert.Equal([5, 6, 11, 12, 7, 8, 9, 10], batch.Ids.ToArray());
        Assert.Equal([0, 2], batch.RowIds.ToArray());
        batch.Assign(inputs, [1, 0, 2], first: 1, stride: 2);
        Assert.Equal([1, 2, 3, 4], batch.Ids.ToArray());
        Assert.Equal([1], batch.RowIds.ToArray());
    }

    [Fact]
    public void A_batch_is_reused_for_larger_smaller_and_other_inputs()
    {
        var batch = new Batch();
        batch.Assign([Sequence.OfFrames([1, 2, 3, 4, 5, 6], 3)], [0]);
        Assert.Equal([1, 2, 3, 4, 5, 6], batch.Frames.ToArray());
        Assert.True(batch.Ids.IsEmpty);
        batch.Assign([Sequence.OfTokens([9], 1)], [0]);
        Assert.Equal([9], batch.Ids.ToArray());
        Assert.True(batch.Frames.IsEmpty);
        Assert.Throws<ArgumentException>(() => batch.Assign([Sequence.OfTokens([9, 9], 2), Sequence.OfTokens([9], 1)], [0, 1]));
        Assert.Throws<ArgumentException>(() => batch.Assign([Sequence.OfTokens([9], 1), Sequence.OfTokens([9, 9], 1)], [0, 1]));
    }

    [Fact]
    public void Words_become_unknown_at_the_asked_rate_wherever_the_batch_is_cut()
    {
        Sequence[] inputs = [.. Enumerable.Range(0, 40).Select(_ => Sequence.OfTokens([.. Enumerable.Repeat(new[] { 5, 6 }, 50).SelectMany(s => s)], 2))];
        int[] rows = [.. Enumerable.Range(0, 40)];
        var (whole, shard) = (new Batch(), new Batch());
        whole.Assign(inputs, rows);
        whole.ReplaceByUnknown(0.2f, key: 9);
        var replaced = Enumerable.Range(0, 2000).Count(token => whole.Ids[token * 2] == Vocabulary.Unknown);
        Assert.InRange(replaced, 2000 * 0.16, 2000 * 0.24);
        // What is known of the word besides itself stays: it is what a new word would bring along.
        Assert.All(Enumerable.Range(0, 2000), token => Assert.Equal(6, whole.Ids[token * 2 + 1]));

        shard.Assign(inputs, rows, first: 3, stride: 7);
        shard.ReplaceByUnknown(0.2f, key: 9);
        for (var t = 0; t < 50; t++)
            for (var row = 0; row < shard.Layout.Rows; row++)
                Assert.Equal(whole.Ids[(whole.Layout.OffsetAt(t) + 3 + 7 * row) * 2], shard.Ids[(shard.Layout.OffsetAt(t) + row) * 2]);
    }

    [Fact]
    public void Sequences_that_are_no_whole_steps_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Sequence.OfTokens([], 1));
        Assert.Throws<ArgumentException>(() => Sequence.OfTokens([1, 2, 3], 2));
        Assert.Throws<ArgumentException>(() => Sequence.OfFrames([], 3));
        Assert.ThrowsAny<ArgumentException>(() => Sequence.OfFrames([1], 0));
        Assert.Throws<ArgumentException>(() => ExampleSet.OfClasses([Sequence.OfTokens([1], 1)], []));
    }

    [Fact]
    public void Where_targets_differ_in_length_they_come_first()
    {
        (int Target, int Steps)[] sizes = [(2, 9), (5, 1), (2, 3), (5, 7), (1, 1)];
        var set = new ExampleSet([.. sizes.Select(s => Sequence.OfTokens(new int[s.Steps]))], [.. sizes.Select(s => new ReadOnlyMemory<int>(new int[s.Target]))]);
        Assert.Equal([3, 1, 0, 2, 4], Batching.ByLength(set, 5).Single());
        Assert.Equal([3, 1, 0, 2, 4], Batching.Epoch(set, 5, 1, 1).Single());
    }

    [Fact]
    public void A_stream_is_read_in_the_order_of_time()
    {
        var set = new ExampleSet([.. Enumerable.Range(0, 6).Select(i => Sequence.OfTokens([i]))], new ReadOnlyMemory<int>[6], lanes: 2);
        Assert.Equal([[0, 1], [2, 3], [4, 5]], Batching.Epoch(set, 99, 1, 1));
        Assert.Equal(3, Batching.Count(set, 99));
        Assert.Throws<ArgumentException>(() => new ExampleSet(set.Inputs, set.Targets, lanes: 4));
    }
}
