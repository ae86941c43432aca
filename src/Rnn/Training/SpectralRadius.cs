using System.Numerics.Tensors;
using Rnn.Kernels;

namespace Rnn.Training;

/// <summary>The largest absolute eigenvalue of a square matrix, by Gelfand's formula <c>lim ‖Aᵏ‖^(1/k)</c> with k doubled by squaring.</summary>
public static class SpectralRadius
{
    private const int Squarings = 18;

    /// <summary>
    /// Of <paramref name="matrix"/> <c>[size, size]</c>, row-major; relative error about <c>ln(condition) / 2¹⁸</c> and that of a float product. Rescaled after every squaring, so that nothing overflows. 0 for a nilpotent matrix.
    /// </summary>
    public static double Of(ReadOnlySpan<float> matrix, int size)
    {
        float[] power = matrix[..(size * size)].ToArray();
        float[] square = new float[size * size];
        var packed = new PackedMatrix(size, size);
        double logNorm = 0;
        for (int i = 0; ; i++)
        {
            double norm = Math.Sqrt(TensorPrimitives.SumOfSquares<float>(power));
            if (norm == 0) return 0;
            // k = 2ⁱ, and an error in Aᵏ counts only by 1 / k.
            logNorm += Math.Log(norm) / Math.ScaleB(1, i);
            if (i == Squarings) return Math.Exp(logNorm);
            TensorPrimitives.Divide(power, (float)norm, power);
            packed.Pack(power);
            MatMul.Multiply(power, size, packed, default, square, size);
            (power, square) = (square, power);
        }
    }
}
