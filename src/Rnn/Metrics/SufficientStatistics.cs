namespace Rnn.Metrics;

/// <summary>
/// A figure of a set as a function of sums over its rows: right answers and answers for an accuracy, losses and targets for a loss, the counts of BLEU for a BLEU.
/// The figure of any selection of rows, rows taken twice included, is then a sum away.
/// </summary>
public sealed class SufficientStatistics
{
    private readonly double[] _rows;
    private readonly int _width;
    private readonly Func<double[], double> _figure;

    private SufficientStatistics(double[] rows, int width, Func<double[], double> figure)
    {
        (_rows, _width, _figure) = (rows, width, figure);
        Value = Of([.. Enumerable.Range(0, Rows)]);
    }

    /// <summary>Rows that can be selected.</summary>
    public int Rows => _rows.Length / _width;

    /// <summary>The figure of all rows.</summary>
    public double Value { get; }

    /// <summary>A mean over parts of which rows have different numbers: the sum of the sums over the sum of the counts; 0 where nothing was counted.</summary>
    public static SufficientStatistics OfMean(IEnumerable<(double Sum, int Count)> rows) =>
        new([.. rows.SelectMany(row => new[] { row.Sum, row.Count })], 2, sums => sums[1] == 0 ? 0 : sums[0] / sums[1]);

    /// <summary>Corpus BLEU of the texts, from each text's own counts.</summary>
    public static SufficientStatistics OfBleu(IEnumerable<BleuScore> texts)
    {
        double[] rows = [.. texts.SelectMany(text => (double[])[.. text.Matches, .. text.Totals, text.HypothesisLength, text.ReferenceLength])];
        return new(rows, (2 * Bleu.LongestNgram) + 2, sums =>
        {
            int[] counts = [.. sums.Select(sum => (int)sum)];
            return new BleuScore(counts[..Bleu.LongestNgram], counts[Bleu.LongestNgram..(2 * Bleu.LongestNgram)], counts[^2], counts[^1]).Bleu;
        });
    }

    /// <summary>The figure of some rows, each as often as it is named.</summary>
    public double Of(int[] rows)
    {
        double[] sums = new double[_width];
        foreach (int row in rows)
        {
            for (int i = 0; i < _width; i++) sums[i] += _rows[(row * _width) + i];
        }

        return _figure(sums);
    }
}
