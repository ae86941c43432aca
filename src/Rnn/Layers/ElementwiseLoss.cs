using System.Numerics.Tensors;

namespace Rnn.Layers;

/// <summary>Losses of numbers instead of classes, each the mean over all elements; predictions become their gradient in place.</summary>
public static class ElementwiseLoss
{
    /// <summary><c>(p - t)²</c>.</summary>
    public static double SquaredError(Span<float> predictions, ReadOnlySpan<float> targets)
    {
        TensorPrimitives.Subtract(predictions, targets, predictions);
        double loss = TensorPrimitives.SumOfSquares<float>(predictions) / predictions.Length;
        TensorPrimitives.Multiply(predictions, 2f / predictions.Length, predictions);
        return loss;
    }

    /// <summary><c>d² / 2β</c> where |d| &lt; β, else <c>|d| - β/2</c> (Girshick 2015; Huber 1964).</summary>
    public static double SmoothL1(Span<float> predictions, ReadOnlySpan<float> targets, float beta)
    {
        double loss = 0;
        for (int i = 0; i < predictions.Length; i++)
        {
            float d = predictions[i] - targets[i];
            bool near = Math.Abs(d) < beta;
            loss += near ? d * d / (2 * beta) : Math.Abs(d) - (beta / 2);
            predictions[i] = (near ? d / beta : Math.Sign(d)) / predictions.Length;
        }

        return loss / predictions.Length;
    }

    /// <summary>
    /// <c>-(w·t·log σ(x) + (1-t)·log(1 - σ(x)))</c> of logits x <c>[rows, classes]</c>, in a form that does not overflow;
    /// <paramref name="positiveWeights"/> holds one w a class, empty: all 1.
    /// </summary>
    public static double BinaryCrossEntropy(Span<float> logits, ReadOnlySpan<float> targets, ReadOnlySpan<float> positiveWeights = default)
    {
        double loss = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            double x = logits[i];
            double positive = targets[i] * (positiveWeights.IsEmpty ? 1.0 : positiveWeights[i % positiveWeights.Length]);
            double negative = 1.0 - targets[i];
            // log(1 + e^-x) = -log σ(x), and log(1 + e^x) = log(1 + e^-x) + x.
            double softplus = Math.Log(1 + Math.Exp(-Math.Abs(x))) + Math.Max(-x, 0);
            loss += (positive * softplus) + (negative * (softplus + x));
            double sigmoid = 1 / (1 + Math.Exp(-x));
            logits[i] = (float)(((negative * sigmoid) - (positive * (1 - sigmoid))) / logits.Length);
        }

        return loss / logits.Length;
    }
}
