namespace Rnn.Tests.Oracle;

/// <summary>Scalars of a tape arranged row-major; the convenience in which the oracle's models are written.</summary>
internal sealed class OracleTensor(int[] shape, Var[] elements)
{
    public int[] Shape => shape;
    public Var[] Elements => elements;
    public double[] Values => [.. elements.Select(e => e.Value)];
    public double[] Gradients => [.. elements.Select(e => e.Gradient)];

    /// <summary>Of a recurrent weight: every step made with it, row by row in the order of reading.</summary>
    public List<OracleCells.Step> Steps { get; } = [];

    public static OracleTensor Of(Tape tape, int[] shape, IEnumerable<float> values) => Of(tape, shape, values.Select(v => (double)v));

    public static OracleTensor Of(Tape tape, int[] shape, IEnumerable<double> values) => new(shape, [.. values.Select(tape.Leaf)]);

    public static OracleTensor Zeros(Tape tape, params int[] shape) => Of(tape, shape, Enumerable.Repeat(0.0, shape.Aggregate(1, (a, b) => a * b)));

    /// <summary>Rows along the last dimension, counted over all others.</summary>
    public Span<Var> Row(int row) => elements.AsSpan(row * shape[^1], shape[^1]);

    /// <summary>The rows of one index of the first dimension of three.</summary>
    public Var[][] Slice(int first) => [.. Enumerable.Range(first * shape[1], shape[1]).Select(r => Row(r).ToArray())];

    public static OracleTensor Stack(Var[][][] slices) =>
        new([slices.Length, slices[0].Length, slices[0][0].Length], [.. slices.SelectMany(s => s).SelectMany(r => r)]);

    public static OracleTensor Matrix(Var[][] rows) => new([rows.Length, rows[0].Length], [.. rows.SelectMany(r => r)]);

    /// <summary>W x + b for this weight [out, in]; without b when it is null.</summary>
    public Var[] Apply(ReadOnlySpan<Var> x, OracleTensor? bias)
    {
        var y = new Var[shape[0]];
        for (var o = 0; o < y.Length; o++)
        {
            var row = Row(o);
            var sum = bias is null ? x[0].Tape.Leaf(0) : bias.Elements[o];
            for (var i = 0; i < x.Length; i++) sum += row[i] * x[i];
            y[o] = sum;
        }
        return y;
    }

    /// <summary>Sum over all elements of this times given weights: the loss whose upstream gradient is those weights.</summary>
    public Var Dot(IEnumerable<double> weights) =>
        elements.Zip(weights, (e, w) => e * w).Aggregate(elements[0].Tape.Leaf(0), (a, b) => a + b);
}
