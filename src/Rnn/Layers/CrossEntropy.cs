using System.Numerics.Tensors;

namespace Rnn.Layers;

/// <summary>
/// Softmax cross-entropy in nats with label smoothing (Szegedy et al. 2016), computed from logits by a stable log-softmax:
/// <c>l = (1-ε)·(-lp[target]) + ε/C · Σ -lp[c]</c>.
/// </summary>
public static class CrossEntropy
{
    /// <summary>
    /// Turns <paramref name="logits"/> <c>[rows, classes]</c> into their gradient times <paramref name="scale"/> in place (scale = 1 / rows of the whole batch gives the mean).
    /// Returns the sum of the losses, smoothed.
    /// </summary>
    public static double ForwardBackward(Span<float> logits, int classes, ReadOnlySpan<int> targets, float smoothing, float scale)
    {
        double total = 0;
        for (int row = 0; row < targets.Length; row++)
        {
            Span<float> values = logits.Slice(row * classes, classes);
            double logSum = LogSumExp(values);
            double mean = smoothing > 0 ? TensorPrimitives.Sum<float>(values) / (double)classes : 0;
            total += logSum - ((1 - smoothing) * values[targets[row]]) - (smoothing * mean);
            Softmax(values, values);
            TensorPrimitives.Subtract(values, smoothing / classes, values);
            values[targets[row]] -= 1 - smoothing;
            TensorPrimitives.Multiply(values, scale, values);
        }

        return total;
    }

    /// <summary><c>-log softmax(logits)[target]</c> of one row, in nats.</summary>
    public static double Loss(ReadOnlySpan<float> logits, int target) => LogSumExp(logits) - logits[target];

    /// <summary>Stable softmax of one row; source and target may be the same.</summary>
    public static void Softmax(ReadOnlySpan<float> logits, Span<float> probabilities)
    {
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max(logits), probabilities);
        TensorPrimitives.Exp(probabilities, probabilities);
        TensorPrimitives.Divide(probabilities, TensorPrimitives.Sum<float>(probabilities), probabilities);
    }

    private static double LogSumExp(ReadOnlySpan<float> logits)
    {
        float max = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float value in logits) sum += Math.Exp(value - max);
        return max + Math.Log(sum);
    }
}
