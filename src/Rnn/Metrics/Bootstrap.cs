using Rnn.Tensors;

namespace Rnn.Metrics;

/// <summary>
/// How far a figure depends on which rows were measured: it is computed again for rows drawn from the same ones with replacement (Efron 1979).
/// A row is what is independent of the others: a sequence, not a step of it. The draws are the same at every call.
/// </summary>
public static class Bootstrap
{
    /// <summary>Selections that are drawn.</summary>
    public const int Resamples = 1_000;

    private const ulong Seed = 1;
    // 2.5 % of the figures lie below the interval and 2.5 % above.
    private const int Outside = Resamples / 40;

    /// <summary>The percentile interval that holds 95 % of the resampled figures (Efron &amp; Tibshirani 1993, §13.3).</summary>
    public static (double Low, double High) Interval(SufficientStatistics statistics)
    {
        double[] figures = [.. Draws(statistics.Rows).Select(statistics.Of).Order()];
        return (figures[Outside - 1], figures[^Outside]);
    }

    /// <summary>The paired bootstrap test (Koehn 2004): the share of selections whose figure is higher in <paramref name="first"/> than in <paramref name="second"/>, both over the same rows.</summary>
    /// <exception cref="ArgumentException">The rows are not the same number.</exception>
    public static double ShareHigher(SufficientStatistics first, SufficientStatistics second)
    {
        if (first.Rows != second.Rows) throw new ArgumentException($"{second.Rows} rows cannot be paired with {first.Rows}.", nameof(second));
        return (double)Draws(first.Rows).Count(rows => first.Of(rows) > second.Of(rows)) / Resamples;
    }

    /// <summary>The selections; the array is reused from one to the next.</summary>
    private static IEnumerable<int[]> Draws(int rows)
    {
        int[] drawn = new int[rows];
        for (int resample = 0; resample < Resamples; resample++)
        {
            var random = new RandomSource(RandomSource.Key(Seed, (ulong)resample));
            for (int i = 0; i < rows; i++) drawn[i] = random.NextInt(rows);
            yield return drawn;
        }
    }
}
