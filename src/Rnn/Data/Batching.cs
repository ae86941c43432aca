using Rnn.Tensors;

namespace Rnn.Data;

/// <summary>The order of training data: shuffled, with sequences of similar length together so that little of a batch runs on alone.</summary>
public static class Batching
{
    /// <summary>Batches whose rows are sorted together before they are cut and shuffled again.</summary>
    private const int BatchesPerBucket = 50;

    /// <summary>
    /// The batches of an epoch as row numbers, each longest first; a function of its arguments alone, so that a resumed run finds the same order.
    /// The windows of a stream come in the order of time, one of every lane in each batch.
    /// </summary>
    public static int[][] Epoch(ExampleSet set, int batchSize, ulong seed, int epoch)
    {
        int[] rows = [.. Enumerable.Range(0, set.Count)];
        if (set.Lanes > 0) return [.. rows.Chunk(set.Lanes)];
        var random = new RandomSource(RandomSource.Key(seed, (ulong)epoch));
        random.Shuffle(rows);
        var batches = new List<int[]>((rows.Length / batchSize) + 1);
        foreach (int[] bucket in rows.Chunk(batchSize * BatchesPerBucket))
        {
            // A stable sort: rows of equal length keep their shuffled order.
            batches.AddRange(bucket.OrderByDescending(set.LengthOf).Chunk(batchSize));
        }

        int[] order = [.. Enumerable.Range(0, batches.Count)];
        random.Shuffle(order);
        return [.. order.Select(index => batches[index])];
    }

    /// <summary>Batches in one epoch.</summary>
    public static int Count(ExampleSet set, int batchSize) => set.Lanes > 0 ? set.Count / set.Lanes : (set.Count + batchSize - 1) / batchSize;

    /// <summary>All rows longest first, cut into batches: for measuring and predicting, where order does not matter.</summary>
    public static IEnumerable<int[]> ByLength(ExampleSet set, int batchSize) =>
        Enumerable.Range(0, set.Count).OrderByDescending(set.LengthOf).Chunk(batchSize);
}
