using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Tests.Golden;
using Rnn.Tests.Kernels;
using Rnn.Tests.Oracle;

namespace Rnn.Tests.Layers;

/// <summary>The layers without a state of their own, each against the oracle.</summary>
public sealed class LayerTests
{
    private static double[] Doubles(IEnumerable<float> values) => [.. values.Select(v => (double)v)];

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 7, 3)]
    [InlineData(9, 33, 40)]
    public void Linear_and_its_gradients(int rows, int inputs, int outputs)
    {
        var parameters = new ParameterSet();
        var layer = new Linear(parameters, "fc.", inputs, outputs);
        parameters.Allocate();
        foreach (var p in parameters.Parameters) Widths.Random(p.Length, p.Length).CopyTo(p.Values);
        layer.Pack(training: true);
        var (x, dy, y, dx, gradients) = (Widths.Random(rows * inputs, 1), Widths.Random(rows * outputs, 2), new float[rows * outputs], new float[rows * inputs], new float[parameters.Length]);
        layer.Forward(x, rows, y);
        layer.Backward(x, rows, dy, dx, gradients, new Workspace());

        var tape = new Tape();
        var (ox, w, b) = (OracleTensor.Of(tape, [rows, inputs], x), OracleTensor.Of(tape, [outputs, inputs], parameters.Parameters[0].Values.ToArray()), OracleTensor.Of(tape, [outputs], parameters.Parameters[1].Values.ToArray()));
        var oy = OracleHeads.Linear(ox, w, b);
        tape.Backward(oy.Dot(Doubles(dy)));
        GoldenResult.AssertClose("y", oy.Values, Doubles(y), 1e-5, 1e-5);
        GoldenResult.AssertClose("dx", ox.Gradients, Doubles(dx), 1e-5, 1e-5);
        GoldenResult.AssertClose("dw", w.Gradients, Doubles(parameters.Parameters[0].In(gradients).ToArray()), 1e-5, 1e-5);
        GoldenResult.AssertClose("db", b.Gradients, Doubles(parameters.Parameters[1].In(gradients).ToArray()), 1e-5, 1e-5);

        layer = new Linear(new ParameterSet(), "", 1, 1);
        Assert.Throws<InvalidOperationException>(() => layer.Backward([1], 1, [1], new float[1], new float[16], new Workspace()));
    }

    [Fact]
    public void Embedding_sums_the_ids_of_a_step_and_its_gradient_can_be_cleared()
    {
        var parameters = new ParameterSet();
        var layer = new Embedding(parameters, "", 6, 5);
        parameters.Allocate();
        Widths.Random(30, 1).CopyTo(parameters.Parameters[0].Values);
        int[] ids = [3, 5, 0, -1, 3, 3, -1, -1];
        var (y, dy, gradients) = (new float[20], Widths.Random(20, 2), new float[parameters.Length]);
        layer.Forward(ids, 2, y);
        layer.Backward(ids, 2, dy, gradients);

        var tape = new Tape();
        var weight = OracleTensor.Of(tape, [6, 5], parameters.Parameters[0].Values.ToArray());
        var oy = OracleHeads.Embedding(weight, [[[3, 5]], [[0, -1]], [[3, 3]], [[-1, -1]]]);
        tape.Backward(oy.Dot(Doubles(dy)));
        GoldenResult.AssertClose("y", oy.Values, Doubles(y), 1e-6, 1e-7);
        GoldenResult.AssertClose("dW", weight.Gradients, Doubles(gradients[..30]), 1e-6, 1e-7);
        layer.ClearGradient(ids, gradients);
        Assert.All(gradients, g => Assert.Equal(0, g));
    }

    [Theory]
    [InlineData(PoolingKind.Mean, "mean")]
    [InlineData(PoolingKind.Max, "max")]
    public void Pooling_looks_at_valid_steps_only(PoolingKind kind, string oracle)
    {
        const int Features = 5, Steps = 6;
        int[] lengths = [6, 4, 4, 1];
        var batch = new PaddedBatch(Steps, lengths);
        var y = Widths.Random(Steps * lengths.Length * Features, 1);
        var (packed, pooled, dPooled, chosen) = (batch.Pack(y, Features), new float[20], Widths.Random(20, 2), new int[20]);
        Pooling.Forward(kind, packed, Features, batch.Layout, pooled, chosen);
        var dy = new float[packed.Length];
        Pooling.Backward(kind, dPooled, Features, batch.Layout, chosen, dy);

        var tape = new Tape();
        var oy = OracleTensor.Of(tape, [Steps, lengths.Length, Features], y);
        var want = OracleHeads.Pool(oracle, oy, lengths, 1);
        tape.Backward(want.Dot(Doubles(dPooled)));
        GoldenResult.AssertClose("pooled", want.Values, Doubles(pooled), 1e-6, 1e-6);
        GoldenResult.AssertClose("dy", oy.Gradients, Doubles(batch.Unpack(dy, Features)), 1e-6, 1e-6);
    }

    [Theory]
    [InlineData(0f, 1)]
    [InlineData(0.1f, 3)]
    [InlineData(0.3f, 60)]
    public void Cross_entropy_with_smoothing_and_large_logits(float smoothing, float scale)
    {
        const int Rows = 7, Classes = 5;
        var logits = Widths.Random(Rows * Classes, 1, scale);
        int[] targets = [0, 4, 2, 2, 1, 3, 0];
        var gradient = (float[])logits.Clone();
        var loss = CrossEntropy.ForwardBackward(gradient, Classes, targets, smoothing, 0.25f);

        var tape = new Tape();
        var o = OracleTensor.Of(tape, [Rows, Classes], logits);
        var (logP, rows, _) = OracleHeads.CrossEntropy(o, [.. targets.Select(t => (long)t)], smoothing);
        var sum = rows.Aggregate((a, b) => a + b);
        tape.Backward(sum);
        Assert.Equal(sum.Value, loss, 1e-6 * Math.Abs(sum.Value));
        GoldenResult.AssertClose("dlogits", [.. o.Gradients.Select(g => g * 0.25)], Doubles(gradient), 1e-5, 1e-7);
        var probabilities = new float[Classes];
        CrossEntropy.Softmax(logits.AsSpan(0, Classes), probabilities);
        GoldenResult.AssertClose("softmax", [.. logP.Values[..Classes].Select(Math.Exp)], Doubles(probabilities), 1e-5, 1e-7);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(65)]
    [InlineData(300)]
    [InlineData(5000)]
    public void Cross_entropy_of_many_rows_is_that_of_each_alone(int classes)
    {
        const int Rows = 37;
        var logits = Widths.Random(Rows * classes, 3, 4);
        int[] targets = [.. Enumerable.Range(0, Rows).Select(row => row % 5 == 1 ? -1 : row * 7 % classes)];
        var (together, alone) = ((float[])logits.Clone(), (float[])logits.Clone());
        var loss = CrossEntropy.ForwardBackward(together, classes, targets, 0.1f, 0.25f, default, out var correct);

        var (sum, hits) = (0.0, 0);
        for (var row = 0; row < Rows; row++)
        {
            sum += CrossEntropy.ForwardBackward(alone.AsSpan(row * classes, classes), classes, targets.AsSpan(row, 1), 0.1f, 0.25f, default, out var hit);
            hits += hit;
        }

        Assert.Equal(sum, loss);
        Assert.Equal(hits, correct);
        Widths.AssertSameBits(alone, together, "gradients");
    }

    [Fact]
    public void Softmax_of_huge_logits_stays_finite()
    {
        float[] logits = [3e38f, -3e38f, 3e38f];
        var probabilities = new float[3];
        CrossEntropy.Softmax(logits, probabilities);
        Assert.Equal([0.5f, 0, 0.5f], probabilities);
        Assert.Equal(Math.Log(2), CrossEntropy.Loss([1000f, 1000f], 1), 1e-9);
    }

    [Theory]
    [InlineData(0.1f)]
    [InlineData(0.5f)]
    [InlineData(0.9f)]
    public void Dropout_drops_the_asked_share_keeps_the_mean_and_does_not_depend_on_the_cut(float rate)
    {
        const int Features = 37, Steps = 20, Rows = 30;
        var whole = new PaddedBatch(Steps, [.. Enumerable.Repeat(Steps, Rows)]);
        var values = Enumerable.Repeat(1f, Steps * Rows * Features).ToArray();
        new Dropout(rate, 5).Apply(values, Features, whole.Layout, whole.Order);
        var dropped = values.Count(v => v == 0) / (double)values.Length;
        Assert.Equal(rate, dropped, 0.015);
        Assert.Equal(1, values.Average(), 0.05 / (1 - rate));
        Assert.Equal(2, values.Distinct().Count());

        // Rows 4 and 9 of the same batch as a shard of their own.
        var shard = new PaddedBatch(Steps, [Steps, Steps]);
        var part = Enumerable.Repeat(1f, Steps * 2 * Features).ToArray();
        new Dropout(rate, 5).Apply(part, Features, shard.Layout, [4, 9]);
        for (var t = 0; t < Steps; t++)
        {
            Assert.Equal(values.AsSpan((t * Rows + 4) * Features, Features), part.AsSpan(t * 2 * Features, Features));
            Assert.Equal(values.AsSpan((t * Rows + 9) * Features, Features), part.AsSpan((t * 2 + 1) * Features, Features));
        }

        var other = Enumerable.Repeat(1f, values.Length).ToArray();
        new Dropout(rate, 6).Apply(other, Features, whole.Layout, whole.Order);
        Assert.NotEqual(values, other);
    }

    [Fact]
    public void Variational_dropout_has_one_mask_for_all_steps_of_a_row_and_another_for_every_row()
    {
        const int Features = 37, Steps = 6;
        int[] lengths = [6, 6, 4, 1];
        var batch = new PaddedBatch(Steps, lengths);
        var values = Enumerable.Repeat(1f, batch.Layout.Tokens * Features).ToArray();
        new Dropout(0.4f, 5, Variational: true).Apply(values, Features, batch.Layout, [2, 0, 7, 1]);
        float[] Mask(int t, int row) => values[((batch.Layout.OffsetAt(t) + row) * Features)..][..Features];
        for (var row = 0; row < lengths.Length; row++)
        {
            Assert.Equal(2, Mask(0, row).Distinct().Count());
            for (var t = 1; t < lengths[row]; t++) Assert.Equal(Mask(0, row), Mask(t, row));
            for (var other = 0; other < row; other++) Assert.NotEqual(Mask(0, other), Mask(0, row));
        }

        // The mask is the row's name, not its place.
        var alone = new PaddedBatch(Steps, [Steps]);
        var part = Enumerable.Repeat(1f, Steps * Features).ToArray();
        new Dropout(0.4f, 5, Variational: true).Apply(part, Features, alone.Layout, [7]);
        Assert.Equal(Mask(0, 2), part[..Features]);
    }
}
