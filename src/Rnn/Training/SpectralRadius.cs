using System.Numerics.Tensors;

namespace Rnn.Training;

/// <summary>The largest absolute eigenvalue of a square matrix, by Gelfand's formula <c>lim ‖Aᵏ‖^(1/k)</c> with k doubled by squaring.</summary>
public static class SpectralRadius
{
    private const int Squarings = 18;

    /// <summary>
    /// Of <paramref name="matrix"/> <c>[size, size]</c>, row-major; relative error about <c>ln(condition) / 2¹⁸</c>. Rescaled after every squaring, so that nothing overflows. 0 for a nilpotent matrix.
    /// </summary>
    public static double Of(ReadOnlySpan<float> matrix, int size)
    {
        double[] power = new double[size * size];
        double[] transposed = new double[size * size];
        double[] square = new double[size * size];
        TensorPrimitives.ConvertChecked(matrix[..power.Length], power);
        double logNorm = 0;
        double k = 1;
        for (int i = 0; ; i++)
        {
            double norm = TensorPrimitives.Norm<double>(power);
            if (norm == 0) return 0;
            logNorm += Math.Log(norm) / k;
            if (i == Squarings) return Math.Exp(logNorm);
            TensorPrimitives.Divide(power, norm, power);
            for (int row = 0; row < size; row++)
                for (int column = 0; column < size; column++) transposed[(column * size) + row] = power[(row * size) + column];
            for (int row = 0; row < size; row++)
            {
                for (int column = 0; column < size; column++)
                    square[(row * size) + column] = TensorPrimitives.Dot<double>(power.AsSpan(row * size, size), transposed.AsSpan(column * size, size));
            }

            (power, square) = (square, power);
            k *= 2;
        }
    }
}
