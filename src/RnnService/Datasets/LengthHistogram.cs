using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>Counts how many sequences have which length, in memory that does not grow with their number.</summary>
internal sealed class LengthHistogram
{
    private readonly SortedDictionary<int, long> _counts = [];
    private long _total;

    /// <summary>Takes the length of one sequence.</summary>
    public void Add(int length)
    {
        _counts[length] = _counts.GetValueOrDefault(length) + 1;
        _total++;
    }

    /// <summary>The smallest, the largest and, by nearest rank, the median and the 95th percentile; null when nothing was added.</summary>
    public LengthSummary? Summary() => _total == 0
        ? null
        : new LengthSummary(_counts.Keys.First(), Percentile(50), Percentile(95), _counts.Keys.Last());

    private int Percentile(int percent)
    {
        var rank = (_total * percent + 99) / 100;
        foreach (var (length, count) in _counts)
        {
            rank -= count;
            if (rank <= 0)
                return length;
        }
        return _counts.Keys.Last();
    }
}
