namespace RnnService.TrainingJobs;

/// <summary>The rows a job learns from and those it only looks at, as ascending row numbers.</summary>
/// <param name="Training">Rows to learn from.</param>
/// <param name="Validation">Rows that choose the best epoch.</param>
internal sealed record Holdout(int[] Training, int[] Validation)
{
    /// <summary>
    /// Cuts a share of every class out for validation; deterministic from the seed. A class of one row stays in training;
    /// if the share rounds to nothing everywhere, the largest class gives one row. Where every class has one row, all of them are both.
    /// </summary>
    /// <param name="labels">Class of each row, 0 ≤ label &lt; classes.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="fraction">Share of each class to hold out, 0 &lt; fraction &lt; 1.</param>
    /// <param name="seed">The same seed cuts the same rows on every machine.</param>
    public static Holdout Split(IReadOnlyList<int> labels, int classes, double fraction, ulong seed)
    {
        var rows = new List<int>[classes];
        for (var c = 0; c < classes; c++) rows[c] = [];
        for (var row = 0; row < labels.Count; row++) rows[labels[row]].Add(row);

        var held = new bool[labels.Count];
        var count = 0;
        for (var c = 0; c < classes; c++)
        {
            var take = Math.Min((int)Math.Round(rows[c].Count * fraction, MidpointRounding.AwayFromZero), rows[c].Count - 1);
            Shuffle(rows[c], seed + (ulong)c);
            for (var i = 0; i < take; i++, count++) held[rows[c][i]] = true;
        }

        var all = Enumerable.Range(0, labels.Count);
        if (count == 0)
        {
            var largest = rows.MaxBy(r => r.Count)!;
            if (largest.Count == 1) return new Holdout([.. all], [.. all]);
            held[largest[0]] = true;
        }

        return new Holdout([.. all.Where(row => !held[row])], [.. all.Where(row => held[row])]);
    }

    // Fisher–Yates over SplitMix64 (Steele, Lea, Flood 2014): System.Random promises no sequence across .NET versions.
    private static void Shuffle(List<int> rows, ulong state)
    {
        for (var i = rows.Count - 1; i > 0; i--)
        {
            state += 0x9E3779B97F4A7C15;
            var z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            var j = (int)(z % (ulong)(i + 1));
            (rows[i], rows[j]) = (rows[j], rows[i]);
        }
    }
}
