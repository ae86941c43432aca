using System.Numerics.Tensors;

namespace Rnn.Training;

/// <summary>Gradient clipping (Pascanu et al. 2013). Training applies factor and limit while it updates; these are the definitions.</summary>
public static class Clipping
{
    /// <summary>The Euclidean norm, squares summed in double.</summary>
    public static double Norm(ReadOnlySpan<float> gradients)
    {
        double sum = 0;
        foreach (float gradient in gradients) sum += (double)gradient * gradient;
        return Math.Sqrt(sum);
    }

    /// <summary>The largest absolute value.</summary>
    public static double MaximumNorm(ReadOnlySpan<float> gradients) => gradients.IsEmpty ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude(gradients));

    /// <summary>The factor that brings a gradient of this norm down to <paramref name="most"/>; 1 where it is small enough or <paramref name="most"/> is 0 (no clipping).</summary>
    public static double Factor(double norm, double most) => most > 0 ? Math.Min(1, most / (norm + 1e-6)) : 1;
}
