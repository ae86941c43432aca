using System.Numerics.Tensors;
using Rnn.Layers;

namespace Rnn.Training;

/// <summary>
/// Temperature scaling (Guo et al. 2017): one factor on all logits that makes the probabilities as honest as they can be on held-out rows.
/// A network that learnt few rows by heart, or smoothed labels, is over- or underconfident; the factor mends that and changes no decision,
/// so the loss after it compares epochs by what they know instead of by how loudly they say it.
/// </summary>
public static class Calibration
{
    private const double Smallest = 1e-3;
    private const double Largest = 1e2;
    private const int Halvings = 40;

    /// <summary>
    /// The factor (inverse temperature) in [0.001, 100] with the lowest mean cross-entropy for <paramref name="logits"/> <c>[count, classes]</c>:
    /// the loss is convex in it, so its slope is bisected. As in Platt 1999 the targets leave room for a mistake not seen yet,
    /// one in count + 2 (Laplace's rule of succession): a handful of rows all right must not make the model certain.
    /// </summary>
    public static float Factor(ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, int classes)
    {
        double low = Math.Log(Smallest);
        double high = Math.Log(Largest);
        float[] scaled = new float[classes];
        for (int i = 0; i < Halvings; i++)
        {
            double middle = (low + high) / 2;
            if (Slope(logits, labels, classes, (float)Math.Exp(middle), scaled) > 0) high = middle;
            else low = middle;
        }

        return (float)Math.Exp((low + high) / 2);
    }

    /// <summary>Derivative of the summed loss by the factor: expected minus actual logit.</summary>
    private static double Slope(ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, int classes, float factor, float[] scaled)
    {
        double slope = 0;
        double doubt = 1.0 / (labels.Length + 2);
        for (int row = 0; row < labels.Length; row++)
        {
            if (labels[row] < 0) continue;
            ReadOnlySpan<float> values = logits.Slice(row * classes, classes);
            TensorPrimitives.Multiply(values, factor, scaled);
            CrossEntropy.Softmax(scaled, scaled);
            slope += TensorPrimitives.Dot(scaled, values) - ((1 - doubt) * values[labels[row]]) - (doubt * TensorPrimitives.Sum(values) / classes);
        }

        return slope;
    }
}
