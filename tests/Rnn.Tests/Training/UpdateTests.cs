using Rnn.Cells;
using Rnn.Data;
using Rnn.Models;
using Rnn.Tests.Kernels;
using Rnn.Tests.Models;
using Rnn.Training;

namespace Rnn.Tests.Training;

/// <summary>One whole update in double precision beside the loop's: shards, norm, clipping, Adam with decay.</summary>
public sealed class UpdateTests
{
    [Theory]
    [InlineData(1000, 0)]
    [InlineData(0.05, 0)]
    [InlineData(0, 0.1)]
    [InlineData(0.05, 0.1)]
    public void Two_updates_equal_the_formulas(double clip, double decay)
    {
        var random = new Random(3);
        Sequence[] inputs = [.. Enumerable.Range(0, 11).Select(_ => Sequence.OfTokens([.. Enumerable.Range(0, 1 + random.Next(6)).Select(_ => random.Next(9))], 1))];
        var set = ExampleSet.OfClasses(inputs, [.. inputs.Select(_ => random.Next(3))]);
        var config = new TrainingConfig { Epochs = 2, BatchSize = 11, ShardRows = 3, LearningRate = 0.02, Schedule = ScheduleKind.Constant, ClipNorm = clip, Optimizer = new() { WeightDecay = decay } };
        SequenceClassifier Network() => Networks.Of(new SequenceClassifierConfig { Encoder = new() { VocabularySize = 9, EmbeddingSize = 7, Cell = CellKind.Gru, HiddenSize = 6, Bidirectional = true }, Classes = 3 }, 2);

        var model = Network();
        using var shards = new BatchShards(2);
        var loop = new TrainingLoop(model, set, set, config, shards);
        var reports = new[] { loop.Advance(), loop.Advance() };

        var reference = Network();
        var p = reference.Parameters.Values.ToArray().Select(v => (double)v).ToArray();
        var (m, v) = (new double[p.Length], new double[p.Length]);
        for (var step = 1; step <= 2; step++)
        {
            for (var i = 0; i < p.Length; i++) reference.Parameters.Values.Span[i] = (float)p[i];
            var (loss, gradients) = WholeBatch(reference, set);
            var norm = Math.Sqrt(gradients.Sum(g => (double)g * g));
            Assert.Equal(loss, reports[step - 1].Loss, 1e-5);
            Assert.Equal(norm, reports[step - 1].GradientNorm, 1e-5 * norm);
            var scale = clip > 0 ? Math.Min(1, clip / (norm + 1e-6)) : 1;
            Assert.Equal(clip == 0.05, scale < 1);
            for (var i = 0; i < p.Length; i++)
            {
                var g = gradients[i] * scale;
                p[i] *= 1 - config.LearningRate * decay;
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.999 * v[i] + 0.001 * g * g;
                p[i] -= config.LearningRate / (1 - Math.Pow(0.9, step)) * m[i] / (Math.Sqrt(v[i]) / Math.Sqrt(1 - Math.Pow(0.999, step)) + 1e-8);
            }
        }

        // Adam divides by the gradient's own size: where that is nearly nothing its rounding errors count.
        var got = model.Parameters.Values.ToArray();
        var off = Enumerable.Range(0, p.Length).Count(i => Math.Abs(got[i] - p[i]) > 1e-4);
        Assert.True(off <= p.Length / 200, $"{off} of {p.Length} weights differ");
    }

    private static (double Loss, float[] Gradients) WholeBatch(SequenceClassifier model, ExampleSet set)
    {
        model.Pack(training: true);
        int[] rows = [.. Enumerable.Range(0, set.Count).OrderByDescending(i => set.Inputs[i].Steps)];
        var (pass, gradients) = (model.CreatePass(), new float[model.Parameters.Length]);
        pass.Assign(set, rows);
        var result = pass.ForwardBackward(new Objective(0), 1f / set.Count, 0, gradients);
        pass.AddLateGradients(gradients);
        return (result.Loss / set.Count, gradients);
    }
}
