using Rnn.Baselines;
using Rnn.Data;

namespace Rnn.Tests.Baselines;

public sealed class SoftmaxRegressionTests
{
    /// <summary>Without a feature that varies only the biases are left: their softmax is the classes' shares.</summary>
    [Fact]
    public void Biases_alone_learn_the_shares_of_the_classes()
    {
        var regression = SoftmaxRegression.Fit(Vectors([.. Enumerable.Repeat(new[] { 3f }, 10)], [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]), 3, perStep: false);
        double[] exp = [.. regression.Weights.ToArray().Chunk(2).Select(row => Math.Exp(row[1]))];
        foreach (var (share, i) in new[] { 0.5, 0.3, 0.2 }.Select((share, i) => (share, i))) Assert.Equal(share, exp[i] / exp.Sum(), 1e-4);
    }

    /// <summary>In the minimum the derivative by every weight, taken by differences in double, is zero.</summary>
    [Fact]
    public void The_weights_are_those_of_the_minimum()
    {
        var random = new Random(3);
        float[][] x = [.. Enumerable.Range(0, 60).Select(_ => new[] { (float)random.NextDouble(), (float)random.NextDouble() * 100 })];
        int[] y = [.. x.Select(v => v[0] + v[1] / 100 + random.NextDouble() / 2 > 1.25 ? 2 : v[0] > random.NextDouble() ? 1 : 0)];
        var regression = SoftmaxRegression.Fit(Vectors(x, y), 3, perStep: false);

        double[][] z = [.. Standardised(x)];
        double loss(double[] w)
        {
            var sum = Enumerable.Range(0, 3).Sum(c => w[3 * c] * w[3 * c] + w[3 * c + 1] * w[3 * c + 1]) / (2.0 * x.Length);
            for (var i = 0; i < z.Length; i++)
            {
                double[] logits = [.. Enumerable.Range(0, 3).Select(c => w[3 * c] * z[i][0] + w[3 * c + 1] * z[i][1] + w[3 * c + 2])];
                sum += (Math.Log(logits.Sum(Math.Exp)) - logits[y[i]]) / z.Length;
            }

            return sum;
        }

        double[] weights = [.. regression.Weights.ToArray().Select(w => (double)w)];
        for (var i = 0; i < weights.Length; i++)
        {
            double at(double by) => loss([.. weights.Select((w, j) => i == j ? w + by : w)]);
            Assert.InRange((at(1e-4) - at(-1e-4)) / 2e-4, -1e-4, 1e-4);
        }
    }

    [Fact]
    public void A_frame_is_seen_alone_and_a_sequence_as_the_mean_of_its_frames()
    {
        var frames = new ExampleSet([Sequence.OfFrames([-1, 1, 1, -1, -1, 1], 1)], [new[] { 0, 1, 1, 0, 0, 1 }]);
        var perFrame = SoftmaxRegression.Fit(frames, 2, perStep: true);
        Assert.Equal([0, 1, 1, 0, 0, 1], Enumerable.Range(0, 6).Select(step => perFrame.Answer(frames.Inputs[0], step)));

        // The means are -1 and 1, whatever the order; a feature far away from all others does not drown the rest.
        Sequence[] inputs = [Sequence.OfFrames([-4, 2], 1), Sequence.OfFrames([2, 0], 1), Sequence.OfFrames([0, -2], 1), Sequence.OfFrames([0, 2, 1], 1)];
        var perSequence = SoftmaxRegression.Fit(ExampleSet.OfClasses(inputs, [0, 1, 0, 1]), 2, perStep: false);
        Assert.Equal([0, 1, 0, 1], inputs.Select(input => perSequence.Answer(input, 0)));
        Assert.Equal(0, perSequence.Answer(Sequence.OfFrames([5, -9], 1), 0));
    }

    [Fact]
    public void What_lies_beyond_five_deviations_counts_as_five()
    {
        float[][] x = [.. Enumerable.Range(0, 100).Select(i => new[] { i % 2 == 0 ? -1f : 1f, 0f }), [1f, 1_000f]];
        var regression = SoftmaxRegression.Fit(Vectors(x, [.. x.Select(v => v[0] > 0 ? 1 : 0)]), 2, perStep: false);
        // The second feature never told the classes apart: a value a million times as far as any may turn no answer by more than the five deviations.
        var far = regression.Weights.ToArray();
        Assert.True(Math.Abs(far[0] - far[3]) > 5 * Math.Abs(far[1] - far[4]), string.Join(' ', far));
        Assert.Equal((0, 1), (regression.Answer(Sequence.OfFrames([-1, 1e9f], 2), 0), regression.Answer(Sequence.OfFrames([1, -1e9f], 2), 0)));
    }

    private static ExampleSet Vectors(float[][] x, int[] y) => ExampleSet.OfClasses([.. x.Select(v => Sequence.OfFrames(v, v.Length))], y);

    private static IEnumerable<double[]> Standardised(float[][] x)
    {
        double[] mean = [.. Enumerable.Range(0, 2).Select(f => x.Average(v => (double)v[f]))];
        double[] deviation = [.. Enumerable.Range(0, 2).Select(f => Math.Sqrt(x.Average(v => Math.Pow(v[f] - mean[f], 2))))];
        return x.Select(v => new[] { (v[0] - mean[0]) / deviation[0], (v[1] - mean[1]) / deviation[1] });
    }
}
