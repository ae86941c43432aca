using Rnn.Tensors;

namespace Rnn.Data;

/// <summary>The order of training data: shuffled, with sequences of similar length together so that little of a batch runs on alone.</summary>
public static class Batching
{
    /// <summary>Batches whose rows are sorted together before they are cut and shuffled again.</summary>
    private const int BatchesPerBucket = 50;

    /// <summary>
    /// The batches of an epoch as row numbers, each longest first; a function of its arguments alone, so that a resumed run finds the same order.
    /// </summary>
    public static int[][] Epoch(IReadOnlyList<int> lengths, int batchSize, ulong seed, int epoch)
    {
        var random = new RandomSource(RandomSource.Key(seed, (ulong)epoch));
        int[] rows = [.. Enumerable.Range(0, lengths.Count)];
        random.Shuffle(rows);
        var batches = new List<int[]>((rows.Length / batchSize) + 1);
        foreach (int[] bucket in rows.Chunk(batchSize * BatchesPerBucket))
        {
            // A stable sort: rows of equal length keep their shuffled order.
            batches.AddRange(bucket.OrderByDescending(row => lengths[row]).Chunk(batchSize));
        }

        int[] order = [.. Enumerable.Range(0, batches.Count)];
        random.Shuffle(order);
        return [.. order.Select(index => batches[index])];
    }

    /// <summary>All rows longest first, cut into batches: for measuring and predicting, where order does not matter.</summary>
    public static IEnumerable<int[]> ByLength(IReadOnlyList<int> lengths, int batchSize) =>
        Enumerable.Range(0, lengths.Count).OrderByDescending(row => lengths[row]).Chunk(batchSize);
}
