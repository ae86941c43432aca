namespace Rnn.Metrics;

/// <summary>How often each class was taken for each: counts <c>[true, predicted]</c>. Quotients with a denominator of 0 are 0.</summary>
public sealed class ConfusionMatrix(int classes)
{
    private readonly long[] _counts = new long[classes * classes];

    /// <summary>Number of classes.</summary>
    public int Classes => classes;

    /// <summary>Counted predictions.</summary>
    public long Total => _counts.Sum();

    /// <summary>How often <paramref name="actual"/> was predicted as <paramref name="predicted"/>.</summary>
    public long this[int actual, int predicted] => _counts[(actual * classes) + predicted];

    /// <summary>Share of right predictions; the micro-averaged F1 is the same figure.</summary>
    public double Accuracy => Quotient(Enumerable.Range(0, classes).Sum(c => this[c, c]), Total);

    /// <summary>Mean F1 over all classes, those that never occur included.</summary>
    public double MacroF1 => Enumerable.Range(0, classes).Average(F1);

    /// <summary>Mean F1 weighted by how often each class is true.</summary>
    public double WeightedF1 => Total == 0 ? 0 : Enumerable.Range(0, classes).Sum(c => F1(c) * Support(c)) / Total;

    /// <summary>Counts one prediction.</summary>
    public void Add(int actual, int predicted) => _counts[(actual * classes) + predicted]++;

    /// <summary>Counts what another matrix of the same size counted.</summary>
    public void Add(ConfusionMatrix other)
    {
        for (int i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
    }

    /// <summary>How often a class is true.</summary>
    public long Support(int c) => Enumerable.Range(0, classes).Sum(predicted => this[c, predicted]);

    /// <summary>How often it is right when predicted.</summary>
    public double Precision(int c) => Quotient(this[c, c], Predicted(c));

    /// <summary>How often it is predicted when true.</summary>
    public double Recall(int c) => Quotient(this[c, c], Support(c));

    /// <summary>Harmonic mean of precision and recall: <c>2·TP / (predicted + true)</c>.</summary>
    public double F1(int c) => Quotient(2 * this[c, c], Predicted(c) + Support(c));

    private long Predicted(int c) => Enumerable.Range(0, classes).Sum(actual => this[actual, c]);

    private static double Quotient(long numerator, long denominator) => denominator == 0 ? 0 : (double)numerator / denominator;
}
