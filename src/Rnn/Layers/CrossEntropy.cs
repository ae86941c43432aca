using System.Numerics.Tensors;
using Rnn.Kernels;

namespace Rnn.Layers;

/// <summary>
/// Softmax cross-entropy in nats with label smoothing (Szegedy et al. 2016) and class weights, computed from logits by a stable log-softmax:
/// <c>l = (1-ε)·w[target]·(-lp[target]) + ε/C · Σ w[c]·(-lp[c])</c>, as PyTorch has it. A negative target does not count: loss and gradient 0.
/// </summary>
public static class CrossEntropy
{
    /// <summary>
    /// Turns <paramref name="logits"/> <c>[rows, classes]</c> into their gradient times <paramref name="scale"/> in place (scale = 1 / <see cref="WeightSum"/> of the whole batch gives the mean).
    /// Returns the sum of the losses, smoothed and weighted; empty <paramref name="weights"/> are all 1.
    /// </summary>
    public static double ForwardBackward(Span<float> logits, int classes, ReadOnlySpan<int> targets, float smoothing, float scale, ReadOnlySpan<float> weights = default) =>
        ForwardBackward(logits, classes, targets, smoothing, scale, weights, out _);

    /// <summary>The same; <paramref name="correct"/> targets have the largest logit of their row.</summary>
    public static double ForwardBackward(Span<float> logits, int classes, ReadOnlySpan<int> targets, float smoothing, float scale, ReadOnlySpan<float> weights, out int correct)
    {
        double total = 0;
        correct = 0;
        for (int row = 0; row < targets.Length; row++)
        {
            Span<float> values = logits.Slice(row * classes, classes);
            if (targets[row] < 0) values.Clear();
            else total += Row(values, targets[row], smoothing, scale, weights, ref correct);
        }

        return total;
    }

    /// <summary>What the mean divides by: the weights of all targets that count. 0 when none does; the mean loss is then defined as 0.</summary>
    public static double WeightSum(ReadOnlySpan<int> targets, ReadOnlySpan<float> weights = default)
    {
        double sum = 0;
        foreach (int target in targets) sum += target < 0 ? 0 : weights.IsEmpty ? 1 : weights[target];
        return sum;
    }

    /// <summary><c>-log softmax(logits)[target]</c> of one row, in nats.</summary>
    public static double Loss(ReadOnlySpan<float> logits, int target) => LogSum(logits) - logits[target];

    /// <summary><c>log Σ e^x</c> of one row, the maximum taken off first.</summary>
    public static double LogSum(ReadOnlySpan<float> logits)
    {
        float max = TensorPrimitives.Max(logits);
        Span<float> chunk = stackalloc float[256];
        double sum = 0;
        for (int start = 0; start < logits.Length; start += chunk.Length)
        {
            Span<float> part = chunk[..Math.Min(chunk.Length, logits.Length - start)];
            TensorPrimitives.Subtract(logits.Slice(start, part.Length), max, part);
            TensorPrimitives.Exp(part, part);
            sum += TensorPrimitives.Sum<float>(part);
        }

        return max + Math.Log(sum);
    }

    /// <summary>Stable softmax of one row; source and target may be the same.</summary>
    public static void Softmax(ReadOnlySpan<float> logits, Span<float> probabilities)
    {
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max(logits), probabilities);
        TensorPrimitives.Exp(probabilities, probabilities);
        TensorPrimitives.Divide(probabilities, TensorPrimitives.Sum<float>(probabilities), probabilities);
    }

    /// <summary>With q, the smoothed and weighted target, and S, its sum: loss <c>S·log Σ e^x - q·x</c>, gradient <c>S·softmax - q</c>.</summary>
    private static double Row(Span<float> values, int target, float smoothing, float scale, ReadOnlySpan<float> weights, ref int correct)
    {
        float spread = smoothing / values.Length;
        float kept = (1 - smoothing) * (weights.IsEmpty ? 1 : weights[target]);
        float logit = values[target];
        double dot = (double)kept * logit;
        double total = kept;
        if (smoothing > 0)
        {
            dot += (double)spread * (weights.IsEmpty ? TensorPrimitives.Sum<float>(values) : TensorPrimitives.Dot(weights, values));
            total += (double)spread * (weights.IsEmpty ? values.Length : TensorPrimitives.Sum(weights));
        }

        (float max, float sum) = Exponentials.Replace(values);
        if (logit == max) correct++;
        TensorPrimitives.Multiply(values, (float)(scale * total / sum), values);
        if (spread > 0 && weights.IsEmpty) TensorPrimitives.Subtract(values, scale * spread, values);
        else if (spread > 0) TensorPrimitives.MultiplyAdd(weights, -scale * spread, values, values);
        values[target] -= scale * kept;
        return (total * (max + Math.Log(sum))) - dot;
    }
}
