using Rnn.Data;

namespace Rnn.Baselines;

/// <summary>
/// Multinomial naive Bayes with Laplace smoothing (Manning, Raghavan &amp; Schütze 2008, fig. 13.2) over the bag of n-grams of a text:
/// <c>argmax_c log(N_c / N) + Σ_f log((T_cf + 1) / (T_c + V))</c>, where N_c rows have class c, T_cf is how often n-gram f occurs in them, T_c the sum over f
/// and V the number of different n-grams. n-grams never seen in training do not count.
/// </summary>
public sealed class NaiveBayes : IClassBaseline
{
    private readonly NgramBag _bag;
    private readonly double[] _prior;
    private readonly double[] _logTotals;
    // T_cf where it is not 0: with many classes most are.
    private readonly List<(int Class, int Count)>?[] _counts;

    private NaiveBayes(NgramBag bag, double[] prior, double[] logTotals, List<(int, int)>?[] counts) =>
        (_bag, _prior, _logTotals, _counts) = (bag, prior, logTotals, counts);

    /// <summary>Counts the n-grams of every class.</summary>
    /// <param name="train">Token sequences of one class each.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="orders">Longest n-gram.</param>
    public static NaiveBayes Fit(ExampleSet train, int classes, int orders)
    {
        var bag = NgramBag.Fit(train.Inputs, orders);
        double[] rows = new double[classes];
        double[] totals = new double[classes];
        var counts = new List<(int Class, int Count)>?[bag.Size];
        for (int row = 0; row < train.Count; row++)
        {
            int label = train.ClassOf(row);
            if (label < 0) continue;
            rows[label]++;
            foreach (int feature in bag.Of(train.Inputs[row]))
            {
                totals[label]++;
                List<(int Class, int Count)> own = counts[feature] ??= [];
                int at = own.FindIndex(pair => pair.Class == label);
                if (at < 0) own.Add((label, 1));
                else own[at] = (label, own[at].Count + 1);
            }
        }

        int different = counts.Count(own => own is not null);
        double all = rows.Sum();
        return new NaiveBayes(bag, [.. rows.Select(count => Math.Log(count / all))], [.. totals.Select(total => Math.Log(total + different))], counts);
    }

    /// <inheritdoc/>
    public int Answer(Sequence input, int position)
    {
        double[] scores = [.. _prior];
        foreach (int feature in _bag.Of(input))
        {
            if (_counts[feature] is not { } own) continue;
            for (int c = 0; c < scores.Length; c++) scores[c] -= _logTotals[c];
            foreach ((int label, int count) in own) scores[label] += Math.Log(count + 1);
        }

        return scores.IndexOf(scores.Max());
    }
}
