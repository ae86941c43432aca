using Rnn.Cells;

namespace Rnn.Training;

/// <summary>
/// How the gradient of a loss at one step fades or grows on its way back through the states of one layer in one direction (Bengio et al. 1994, Pascanu et al. 2013).
/// The radius of the recurrent matrix and the saturation stand beside the measured truth; neither tells it alone.
/// </summary>
public sealed record GradientFlow
{
    /// <summary>The share of the gradient at lag 0 below which a state counts as forgotten, unless another is asked for.</summary>
    public const double MemoryThreshold = 0.01;

    // Every bound from 0.012 to 0.041 is equally right on the half of the runs that it was chosen on.
    private const double VanishingBelow = 0.03;
    private const double ExplodingAbove = 1_000;

    /// <summary><c>encoder</c> or <c>decoder</c> in a network that has both, else null.</summary>
    public string? Part { get; init; }

    /// <summary>Recurrent layer, from 0 at the input.</summary>
    public required int Layer { get; init; }

    /// <summary>Whether the cell reads from the end.</summary>
    public required bool Reverse { get; init; }

    /// <summary>Norm of the gradient with respect to h, by lag from 0; for LSTM what arrives at h, not what passes by it through c.</summary>
    public required IReadOnlyList<double> LagGradientNorm { get; init; }

    /// <summary>The same with respect to c, its way through h included; empty for cells without c.</summary>
    public required IReadOnlyList<double> CellLagGradientNorm { get; init; }

    /// <summary>Largest absolute eigenvalue of the recurrent weights of the (candidate) state.</summary>
    public required double SpectralRadius { get; init; }

    /// <summary>What the activations were.</summary>
    public required CellActivity Activity { get; init; }

    /// <summary>The norms that tell what is remembered: through c where there is one.</summary>
    public IReadOnlyList<double> MemoryNorm => CellLagGradientNorm.Count > 0 ? CellLagGradientNorm : LagGradientNorm;

    /// <summary>The factor by which a step back changes the norm: the slope of its logarithm over the lags, by least squares. Null where there are no two lags with a gradient.</summary>
    public double? DecayPerStep
    {
        get
        {
            var points = MemoryNorm.Select((norm, lag) => (Lag: (double)lag, Log: Math.Log(norm))).Where(point => double.IsFinite(point.Log)).ToList();
            if (points.Count < 2) return null;
            (double lag, double log) = (points.Average(point => point.Lag), points.Average(point => point.Log));
            return Math.Exp(points.Sum(point => (point.Lag - lag) * (point.Log - log)) / points.Sum(point => (point.Lag - lag) * (point.Lag - lag)));
        }
    }

    /// <summary>
    /// Whether something <paramref name="neededSteps"/> back can be learnt: by what is left of the gradient there, not by how it came there. The bounds were fixed on one half of the runs of
    /// the table in the README and stood the test on the other.
    /// </summary>
    public GradientVerdict Verdict(int neededSteps) => VerdictOf(LeftAfter(neededSteps));

    /// <summary>The verdict on a share of the gradient that is left.</summary>
    public static GradientVerdict VerdictOf(double left) => left < VanishingBelow ? GradientVerdict.Vanishing : left > ExplodingAbove ? GradientVerdict.Exploding : GradientVerdict.Healthy;

    /// <summary>The norm <paramref name="steps"/> back, or as far as was measured, as a share of that at lag 0; 1 where there is no gradient at all.</summary>
    public double LeftAfter(int steps) => MemoryNorm[0] == 0 ? 1 : MemoryNorm[Math.Clamp(steps - 1, 0, MemoryNorm.Count - 1)] / MemoryNorm[0];

    /// <summary>Lags before the norm first falls below <paramref name="threshold"/> of that at lag 0; all that were measured, if it never does.</summary>
    public int EffectiveMemorySteps(double threshold = MemoryThreshold) => MemoryNorm.TakeWhile(norm => norm > 0 && norm >= threshold * MemoryNorm[0]).Count();
}

/// <summary>What a flow says about learning over some steps.</summary>
public enum GradientVerdict
{
    /// <summary>What lies so far back is felt.</summary>
    Healthy,

    /// <summary>Almost nothing of the gradient is left.</summary>
    Vanishing,

    /// <summary>It has grown out of bounds.</summary>
    Exploding,
}
