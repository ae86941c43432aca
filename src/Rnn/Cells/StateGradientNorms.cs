using Rnn.Tensors;

namespace Rnn.Cells;

/// <summary>
/// How large the gradient of a loss is with respect to the state after each step of each row; vanishing and exploding gradients show here
/// (Bengio et al. 1994, Pascanu et al. 2013). Squares are summed in double: norms near 1e-30 have squares that no float holds.
/// </summary>
public sealed class StateGradientNorms
{
    private readonly int[] _lengths;
    private readonly double[,] _h;
    private readonly double[,] _c;

    /// <summary>Makes room for the rows of a batch.</summary>
    public StateGradientNorms(SequenceLayout layout)
    {
        _lengths = layout.Lengths.ToArray();
        _h = new double[layout.Steps, layout.Rows];
        _c = new double[layout.Steps, layout.Rows];
    }

    /// <summary>Norm of dL/dh after step t, over all rows; for LSTM what arrives at h, not what passes by it through c.</summary>
    public IReadOnlyList<double> H => OverRows(_h);

    /// <summary>Norm of dL/dc after step t, over all rows, its way through h included; 0 for cells without c.</summary>
    public IReadOnlyList<double> C => OverRows(_c);

    /// <summary>Norm of dL/dh by lag, see <see cref="ByLag"/>.</summary>
    public double[] HByLag(ReadOnlySpan<int> lossSteps, bool reverse) => ByLag(_h, lossSteps, reverse);

    /// <summary>Norm of dL/dc by lag, see <see cref="ByLag"/>.</summary>
    public double[] CByLag(ReadOnlySpan<int> lossSteps, bool reverse) => ByLag(_c, lossSteps, reverse);

    internal void Note(int t, int rows, ReadOnlySpan<float> dh, ReadOnlySpan<float> dc)
    {
        for (int row = 0; row < rows; row++)
        {
            _h[t, row] = Square(dh, row, rows);
            _c[t, row] = Square(dc, row, rows);
        }
    }

    /// <summary>
    /// The norm with respect to the state <c>lag</c> steps before the one step of its row that has a loss (after it, where the cell reads in <paramref name="reverse"/>):
    /// the root mean square over the rows that reach so far back.
    /// </summary>
    private double[] ByLag(double[,] squares, ReadOnlySpan<int> lossSteps, bool reverse)
    {
        double[] sums = new double[squares.GetLength(0)];
        int[] counts = new int[sums.Length];
        for (int row = 0; row < lossSteps.Length; row++)
        {
            int lags = reverse ? _lengths[row] - lossSteps[row] : lossSteps[row] + 1;
            for (int lag = 0; lag < lags; lag++)
            {
                sums[lag] += squares[reverse ? lossSteps[row] + lag : lossSteps[row] - lag, row];
                counts[lag]++;
            }
        }

        return [.. sums.Zip(counts).TakeWhile(lag => lag.Second > 0).Select(lag => Math.Sqrt(lag.First / lag.Second))];
    }

    private static double[] OverRows(double[,] squares) =>
        [.. Enumerable.Range(0, squares.GetLength(0)).Select(t => Math.Sqrt(Enumerable.Range(0, squares.GetLength(1)).Sum(row => squares[t, row])))];

    private static double Square(ReadOnlySpan<float> values, int row, int rows)
    {
        double sum = 0;
        foreach (float value in values.Slice(row * (values.Length / rows), values.Length / rows)) sum += (double)value * value;
        return sum;
    }
}
