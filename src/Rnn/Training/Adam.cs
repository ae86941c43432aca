using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Training;

/// <summary>Adam (Kingma &amp; Ba 2015) with optional decoupled weight decay (Loshchilov &amp; Hutter 2019); β 0.9 and 0.999, ε 1e-8 as in PyTorch.</summary>
public sealed class Adam(ParameterSet parameters, double weightDecay)
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    /// <summary>Running mean of the gradients, laid out like the parameters.</summary>
    public Memory<float> FirstMoment { get; } = AlignedMemory.Allocate(parameters.Length);

    /// <summary>Running mean of their squares.</summary>
    public Memory<float> SecondMoment { get; } = AlignedMemory.Allocate(parameters.Length);

    /// <summary>The numbers of update <paramref name="step"/> (from 1); gradients are multiplied by <paramref name="gradientScale"/> first.</summary>
    public AdamCoefficients Coefficients(long step, double learningRate, double gradientScale) => new(
        (float)gradientScale,
        (float)Beta1,
        (float)(1 - Beta1),
        (float)Beta2,
        (float)(1 - Beta2),
        (float)(learningRate / (1 - Math.Pow(Beta1, step))),
        (float)(1 / Math.Sqrt(1 - Math.Pow(Beta2, step))),
        (float)Epsilon,
        (float)(1 - (learningRate * weightDecay)));

    /// <summary>Updates a range of the parameters; ranges may be updated by different threads.</summary>
    public void Update(int start, int length, ReadOnlySpan<float> gradients, in AdamCoefficients coefficients) => AdamStep.Update(
        parameters.Values.Span.Slice(start, length),
        gradients.Slice(start, length),
        FirstMoment.Span.Slice(start, length),
        SecondMoment.Span.Slice(start, length),
        coefficients);
}
