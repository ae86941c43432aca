using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Layers;

namespace Rnn.Baselines;

/// <summary>
/// Multinomial logistic regression on one vector: a frame where every frame has a class, else the mean of the frames, so that their order tells nothing.
/// Features are standardised, and beyond five standard deviations they count as five: a linear function of a far outlier knows nothing but it.
/// Minimises <c>1/n Σ -log softmax(W x + b)[y] + 1/(2n) |W|²</c> by accelerated gradient descent (Nesterov 1983, with the restarts of O'Donoghue &amp; Candès 2015)
/// from zero; the step is one over the curvature's bound of Böhning 1992.
/// </summary>
public sealed class SoftmaxRegression : IClassBaseline
{
    private const int MostUpdates = 500;
    private const double Converged = 1e-5;
    private const int PowerIterations = 30;
    // The power iteration comes from below.
    private const float Margin = 1.1f;
    private const float Outlier = 5;
    // Vectors × (features + 1) × classes: bounds the work. More vectors are thinned evenly.
    private const long MostProducts = 10_000_000;

    private readonly FrameScaler _scaler;
    private readonly float[] _weights;
    private readonly int _classes;
    private readonly bool _perStep;

    private SoftmaxRegression(FrameScaler scaler, float[] weights, int classes, bool perStep) => (_scaler, _weights, _classes, _perStep) = (scaler, weights, classes, perStep);

    /// <summary>Weights and, last of each row, biases <c>[C, I + 1]</c> over standardised features.</summary>
    internal ReadOnlySpan<float> Weights => _weights;

    /// <summary>Finds the weights.</summary>
    /// <param name="train">Numeric sequences with a class each or, <paramref name="perStep"/>, one for each frame.</param>
    /// <param name="classes">Number of classes C.</param>
    /// <param name="perStep">Whether every frame has a class.</param>
    public static SoftmaxRegression Fit(ExampleSet train, int classes, bool perStep)
    {
        int size = train.Inputs[0].Width;
        (int Row, int Step)[] all =
        [
            .. Enumerable.Range(0, train.Count).SelectMany(row => Enumerable.Range(0, train.Targets[row].Length).Select(step => (row, step)))
                .Where(at => train.Targets[at.row].Span[at.step] >= 0),
        ];
        int stride = (int)(1 + (all.LongLength * (size + 1) * classes / MostProducts));
        (int Row, int Step)[] chosen = [.. all.Where((_, i) => i % stride == 0)];
        int[] labels = [.. chosen.Select(at => train.Targets[at.Row].Span[at.Step])];
        var vectors = Sequence.OfFrames([.. chosen.SelectMany(at => Vector(train.Inputs[at.Row], at.Step, perStep))], size);
        var scaler = FrameScaler.Fit([vectors], Scaling.Standard);
        float[] x = new float[labels.Length * (size + 1)];
        for (int i = 0; i < labels.Length; i++) Scale(scaler, vectors.Frames.Slice(i * size, size), x.AsSpan(i * (size + 1), size + 1));

        return new SoftmaxRegression(scaler, Minimise(x, labels, size + 1, classes), classes, perStep);
    }

    /// <inheritdoc/>
    public int Answer(Sequence input, int position)
    {
        float[] x = new float[input.Width + 1];
        Scale(_scaler, Vector(input, position, _perStep), x);
        float[] logits = new float[_classes];
        Logits(_weights, x, logits);
        return TensorPrimitives.IndexOfMax<float>(logits);
    }

    /// <summary>A frame, or the mean of all.</summary>
    private static float[] Vector(Sequence input, int step, bool perStep)
    {
        ReadOnlySpan<float> frames = input.Frames.Span;
        if (perStep) return frames.Slice(step * input.Width, input.Width).ToArray();
        float[] mean = new float[input.Width];
        for (int t = 0; t < input.Steps; t++) TensorPrimitives.Add(mean, frames.Slice(t * input.Width, input.Width), mean);
        TensorPrimitives.Divide(mean, input.Steps, mean);
        return mean;
    }

    /// <summary>A vector as the weights see it, and a 1 for the biases.</summary>
    private static void Scale(FrameScaler scaler, ReadOnlyMemory<float> vector, Span<float> x)
    {
        Span<float> features = x[..^1];
        scaler.Apply(Sequence.OfFrames(vector, vector.Length)).Frames.Span.CopyTo(features);
        TensorPrimitives.Clamp(features, -Outlier, Outlier, features);
        x[^1] = 1;
    }

    private static void Logits(ReadOnlySpan<float> weights, ReadOnlySpan<float> x, Span<float> logits)
    {
        for (int c = 0; c < logits.Length; c++) logits[c] = TensorPrimitives.Dot(weights.Slice(c * x.Length, x.Length), x);
    }

    private static float[] Minimise(ReadOnlySpan<float> x, ReadOnlySpan<int> labels, int width, int classes)
    {
        float penalty = 1f / labels.Length;
        float step = 1 / ((LargestEigenvalue(x, width) * Margin / 2) + penalty);
        float[] weights = new float[classes * width];
        float[] ahead = new float[weights.Length];
        float[] gradient = new float[weights.Length];
        float[] move = new float[weights.Length];
        for (int update = 0, momentum = 0; update < MostUpdates; update++, momentum++)
        {
            Gradient(x, labels, width, ahead, penalty, gradient);
            if (TensorPrimitives.Norm<float>(gradient) < Converged) return ahead;
            TensorPrimitives.MultiplyAdd(gradient, -step, ahead, ahead);
            TensorPrimitives.Subtract(ahead, weights, move);
            ahead.CopyTo(weights);
            // Uphill: the momentum has gone too far.
            if (TensorPrimitives.Dot<float>(gradient, move) > 0) momentum = 0;
            TensorPrimitives.MultiplyAdd(move, momentum / (momentum + 3f), ahead, ahead);
        }

        return weights;
    }

    private static void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<int> labels, int width, ReadOnlySpan<float> weights, float penalty, Span<float> gradient)
    {
        int classes = weights.Length / width;
        float[] errors = new float[classes];
        gradient.Clear();
        for (int i = 0; i < labels.Length; i++)
        {
            ReadOnlySpan<float> xi = x.Slice(i * width, width);
            Logits(weights, xi, errors);
            CrossEntropy.Softmax(errors, errors);
            errors[labels[i]] -= 1;
            for (int c = 0; c < classes; c++)
            {
                Span<float> row = gradient.Slice(c * width, width);
                TensorPrimitives.MultiplyAdd(xi, errors[c] / labels.Length, row, row);
            }
        }

        for (int c = 0; c < classes; c++)
        {
            // Biases are free.
            Span<float> row = gradient.Slice(c * width, width - 1);
            TensorPrimitives.MultiplyAdd(weights.Slice(c * width, width - 1), penalty, row, row);
        }
    }

    /// <summary>Of <c>XᵀX / n</c>, by power iteration.</summary>
    private static float LargestEigenvalue(ReadOnlySpan<float> x, int width)
    {
        float[] vector = new float[width];
        float[] product = new float[width];
        Array.Fill(vector, 1 / MathF.Sqrt(width));
        float eigenvalue = 1;
        for (int i = 0; i < PowerIterations; i++)
        {
            Array.Clear(product);
            for (int row = 0; row < x.Length; row += width)
                TensorPrimitives.MultiplyAdd(x.Slice(row, width), TensorPrimitives.Dot(x.Slice(row, width), vector) * width / x.Length, product, product);
            eigenvalue = TensorPrimitives.Norm<float>(product);
            TensorPrimitives.Divide(product, eigenvalue, vector);
        }

        return eigenvalue;
    }
}
