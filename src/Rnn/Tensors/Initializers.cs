using System.Numerics.Tensors;

namespace Rnn.Tensors;

/// <summary>How the recurrent matrix of each gate is drawn.</summary>
public enum RecurrentInit
{
    /// <summary>A random orthogonal matrix: every singular value 1 (Saxe et al. 2014).</summary>
    Orthogonal,

    /// <summary>Uniform in ±1/√H, as in PyTorch.</summary>
    Uniform,

    /// <summary>Uniform in ±√(6 / 2H) (Glorot &amp; Bengio 2010).</summary>
    Xavier,

    /// <summary>The identity: with ReLU the state is kept until learning decides otherwise (Le et al. 2015).</summary>
    Identity,
}

/// <summary>Fills for row-major weights.</summary>
public static class Initializers
{
    /// <summary>Uniform in [-bound, bound).</summary>
    public static void Uniform(Span<float> values, double bound, ref RandomSource random)
    {
        foreach (ref float value in values) value = (float)(((2 * random.NextDouble()) - 1) * bound);
    }

    /// <summary>Normal with mean 0.</summary>
    public static void Normal(Span<float> values, double deviation, ref RandomSource random)
    {
        foreach (ref float value in values) value = (float)(random.NextNormal() * deviation);
    }

    /// <summary>Glorot &amp; Bengio 2010: uniform in ±√(6 / (fan_in + fan_out)).</summary>
    public static void Xavier(Span<float> values, int fanIn, int fanOut, ref RandomSource random) =>
        Uniform(values, Math.Sqrt(6.0 / (fanIn + fanOut)), ref random);

    /// <summary>A recurrent weight <c>[gates·H, H]</c>, gate block by gate block.</summary>
    public static void Recurrent(Span<float> values, int hidden, RecurrentInit kind, ref RandomSource random)
    {
        for (int start = 0; start < values.Length; start += hidden * hidden)
        {
            Span<float> block = values.Slice(start, hidden * hidden);
            switch (kind)
            {
                case RecurrentInit.Orthogonal: Orthogonal(block, hidden, ref random); break;
                case RecurrentInit.Uniform: Uniform(block, 1 / Math.Sqrt(hidden), ref random); break;
                case RecurrentInit.Xavier: Xavier(block, hidden, hidden, ref random); break;
                case RecurrentInit.Identity:
                    block.Clear();
                    for (int i = 0; i < hidden; i++) block[(i * hidden) + i] = 1;
                    break;
                default: throw new ArgumentOutOfRangeException(nameof(kind), kind, "Unknown recurrent initialisation.");
            }
        }
    }

    /// <summary>A random orthogonal matrix [size, size]: Gram-Schmidt (twice, for accuracy) on normal rows.</summary>
    public static void Orthogonal(Span<float> values, int size, ref RandomSource random)
    {
        double[] rows = new double[size * size];
        foreach (ref double value in rows.AsSpan()) value = random.NextNormal();
        for (int i = 0; i < size; i++)
        {
            Span<double> row = rows.AsSpan(i * size, size);
            for (int pass = 0; pass < 2; pass++)
            {
                for (int j = 0; j < i; j++)
                {
                    ReadOnlySpan<double> other = rows.AsSpan(j * size, size);
                    TensorPrimitives.MultiplyAdd(other, -TensorPrimitives.Dot(row, other), row, row);
                }
            }

            TensorPrimitives.Divide(row, TensorPrimitives.Norm<double>(row), row);
        }

        TensorPrimitives.ConvertTruncating<double, float>(rows, values);
    }
}
