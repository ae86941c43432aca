namespace Rnn.Cells;

/// <summary>
/// How large the gradient of a loss is with respect to the state after each step, over all rows; vanishing and exploding gradients show here
/// (Bengio et al. 1994, Pascanu et al. 2013). Squares are summed in double: norms near 1e-30 have squares that no float holds.
/// </summary>
public sealed class StateGradientNorms(int steps)
{
    private readonly double[] _h = new double[steps];
    private readonly double[] _c = new double[steps];

    /// <summary>Norm of dL/dh after step t; for LSTM what arrives at h, not what passes by it through c.</summary>
    public IReadOnlyList<double> H => _h;

    /// <summary>Norm of dL/dc after step t, its way through h included; 0 for cells without c.</summary>
    public IReadOnlyList<double> C => _c;

    internal void Note(int t, ReadOnlySpan<float> dh, ReadOnlySpan<float> dc) => (_h[t], _c[t]) = (Norm(dh), Norm(dc));

    private static double Norm(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values) sum += (double)value * value;
        return Math.Sqrt(sum);
    }
}
