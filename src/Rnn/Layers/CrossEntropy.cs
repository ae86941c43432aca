using System.Numerics.Tensors;
using Rnn.Kernels;

namespace Rnn.Layers;

/// <summary>
/// Softmax cross-entropy in nats with label smoothing (Szegedy et al. 2016) and class weights, computed from logits by a stable log-softmax:
/// <c>l = (1-ε)·w[target]·(-lp[target]) + ε/C · Σ w[c]·(-lp[c])</c>, as PyTorch has it. A negative target does not count: loss and gradient 0.
/// </summary>
public static class CrossEntropy
{
    // Rows gone through together, while they are in the first-level cache: sums of one run beside those of the next, and none is read again while it is still being written.
    private const int MostRows = 16;
    private const int MostValues = 4096;

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
        Span<Softened> rows = stackalloc Softened[Math.Clamp(MostValues / classes, 1, MostRows)];
        for (int first = 0; first < targets.Length; first += rows.Length)
        {
            ReadOnlySpan<int> some = targets.Slice(first, Math.Min(rows.Length, targets.Length - first));
            Span<float> values = logits.Slice(first * classes, some.Length * classes);
            for (int row = 0; row < some.Length; row++)
                if (some[row] >= 0) rows[row] = Soften(values.Slice(row * classes, classes), some[row], smoothing, weights);
            for (int row = 0; row < some.Length; row++)
            {
                Span<float> ofRow = values.Slice(row * classes, classes);
                if (some[row] < 0) ofRow.Clear();
                else total += Finish(ofRow, rows[row], some[row], smoothing, scale, weights, ref correct);
            }
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

    /// <summary>
    /// The first half of a row: with q, the smoothed and weighted target, and S, its sum, the loss is <c>S·log Σ e^x - q·x</c>, the gradient <c>S·softmax - q</c>.
    /// Replaces the logits by the numerators of their softmax.
    /// </summary>
    private static Softened Soften(Span<float> values, int target, float smoothing, ReadOnlySpan<float> weights)
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
        return new Softened(dot, total, max, sum, logit == max);
    }

    /// <summary>The other half: from numerators to the gradient; returns the loss.</summary>
    private static double Finish(Span<float> values, Softened row, int target, float smoothing, float scale, ReadOnlySpan<float> weights, ref int correct)
    {
        float spread = smoothing / values.Length;
        float kept = (1 - smoothing) * (weights.IsEmpty ? 1 : weights[target]);
        if (row.IsCorrect) correct++;
        TensorPrimitives.Multiply(values, (float)(scale * row.Total / row.Sum), values);
        if (spread > 0 && weights.IsEmpty) TensorPrimitives.Subtract(values, scale * spread, values);
        else if (spread > 0) TensorPrimitives.MultiplyAdd(weights, -scale * spread, values, values);
        values[target] -= scale * kept;
        return (row.Total * (row.Max + Math.Log(row.Sum))) - row.Dot;
    }

    /// <summary>What the first half knows of a row: q·x, S, the largest logit, the sum of the numerators, whether the target is the largest.</summary>
    private readonly record struct Softened(double Dot, double Total, float Max, float Sum, bool IsCorrect);
}
