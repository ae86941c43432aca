using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Golden;
using Rnn.Tests.Oracle;

namespace Rnn.Tests.Models;

/// <summary>The whole classifier against the oracle, for random shapes of network and batch.</summary>
public sealed class SequenceClassifierTests
{
    private static readonly CellKind[] s_cells = Enum.GetValues<CellKind>();

    /// <summary>A network, a batch for it and labels, all drawn from the seed; every pooling, cell, depth and kind of input occurs.</summary>
    private static (SequenceClassifier Model, Sequence[] Inputs, int[] Labels) Draw(int seed, float dropout = 0)
    {
        var random = new Random(seed);
        var (tokens, width, features) = (seed % 3 != 0, 1 + seed % 2, 1 + random.Next(6));
        var config = new SequenceClassifierConfig
        {
            Encoder = new EncoderConfig
            {
                VocabularySize = tokens ? 11 : 0,
                FeatureSize = tokens ? 0 : features,
                EmbeddingSize = tokens ? 1 + random.Next(9) : 0,
                Cell = s_cells[seed % s_cells.Length],
                HiddenSize = new[] { 1, 4, 7, 17 }[random.Next(4)],
                Layers = 1 + random.Next(2),
                Bidirectional = random.Next(2) == 1,
                Dropout = dropout,
                EmbeddingDropout = dropout,
            },
            Pooling = (PoolingKind)(seed / 2 % 3),
            Classes = 2 + random.Next(4),
        };
        Sequence One()
        {
            var steps = 1 + random.Next(8);
            return tokens
                // -1 stands for no n-gram and never for the token itself.
                ? Sequence.OfTokens([.. Enumerable.Range(0, steps * width).Select(i => i % width == 0 ? random.Next(11) : random.Next(-1, 11))], width)
                : Sequence.OfFrames(Kernels.Widths.Random(steps * features, random.Next()), features);
        }

        Sequence[] inputs = [.. Enumerable.Range(0, seed % 5 == 0 ? 1 : 1 + random.Next(9)).Select(_ => One()).OrderByDescending(s => s.Steps)];
        return (Networks.Of(config, (ulong)seed), inputs, [.. inputs.Select(_ => random.Next(config.Classes))]);
    }

    private static (double Loss, float[] Gradients) LossAndGradients(SequenceClassifier model, Sequence[] inputs, int[] labels, float smoothing, ulong key)
    {
        model.Pack(training: true);
        var (pass, gradients) = (model.CreatePass(), new float[model.Parameters.Length]);
        pass.Assign(ExampleSet.OfClasses(inputs, labels), [.. Enumerable.Range(0, inputs.Length)]);
        var result = pass.ForwardBackward(new Objective(smoothing), 1f / inputs.Length, key, gradients);
        pass.AddSparseGradients(gradients);
        return (result.Loss / inputs.Length, gradients);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Loss_logits_and_gradients_equal_the_oracles(int seed)
    {
        var (model, inputs, labels) = Draw(seed);
        var config = model.Config.Encoder;
        const float Smoothing = 0.125f;
        var (loss, gradients) = LossAndGradients(model, inputs, labels, Smoothing, key: 1);

        var tape = new Tape();
        var parameters = model.Parameters.Parameters.ToDictionary(p => p.Name, p => OracleTensor.Of(tape, [.. p.Shape], p.Values.ToArray()));
        var (steps, lengths) = (inputs.Max(i => i.Steps), inputs.Select(i => i.Steps).ToArray());
        var x = config.VocabularySize > 0
            ? OracleHeads.Embedding(parameters["embedding.weight"], [.. Enumerable.Range(0, steps).Select(t => inputs.Select(i => t < i.Steps ? i.Ids.ToArray()[(t * i.Width)..((t + 1) * i.Width)] : []).ToArray())])
            : OracleTensor.Of(tape, [steps, inputs.Length, config.FeatureSize], Enumerable.Range(0, steps).SelectMany(t => inputs.SelectMany(i => t < i.Steps ? i.Frames.ToArray()[(t * i.Width)..((t + 1) * i.Width)] : new float[i.Width])));
        var directions = config.Bidirectional ? 2 : 1;
        var zeros = OracleTensor.Zeros(tape, config.Layers * directions, inputs.Length, config.HiddenSize);
        var scan = OracleCells.Sequence(Layers.StackRig.Name(config.Cell), parameters, "rnn.", x, zeros, config.Cell == CellKind.Lstm ? zeros : null, config.Layers, config.Bidirectional, lengths);
        var pooled = OracleHeads.Pool(model.Config.Pooling switch { PoolingKind.Last => "last", PoolingKind.Mean => "mean", _ => "max" }, scan.Y, lengths, directions);
        var logits = OracleHeads.Linear(pooled, parameters["fc.weight"], parameters["fc.bias"]);
        var (_, _, mean) = OracleHeads.CrossEntropy(logits, [.. labels.Select(l => (long)l)], Smoothing);
        tape.Backward(mean);

        GoldenResult.AssertClose("loss", [mean.Value], [loss], 1e-6, 1e-6);
        foreach (var parameter in model.Parameters.Parameters)
        {
            var want = parameters[parameter.Name].Gradients;
            GoldenResult.AssertClose($"d{parameter.Name}", want, [.. parameter.In(gradients).ToArray().Select(v => (double)v)], 1e-4, 2e-6 * Math.Max(1, want.Max(Math.Abs)));
        }

        var pass = model.CreatePass();
        pass.Assign(ExampleSet.Unlabelled(inputs), [.. Enumerable.Range(0, inputs.Length)]);
        GoldenResult.AssertClose("logits", logits.Values, [.. pass.Forward().ToArray().Select(v => (double)v)], 1e-5, 1e-5);
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 36)];

    /// <summary>With dropout the masks are fixed by the key, so the loss is still a function whose slope along the gradient is its squared norm.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void With_dropout_the_slope_of_the_loss_is_the_gradient(int seed)
    {
        var (model, inputs, labels) = Draw(seed, dropout: 0.4f);
        var (_, gradients) = LossAndGradients(model, inputs, labels, 0, key: 77);
        var start = model.Parameters.Values.ToArray();
        var square = gradients.Sum(g => (double)g * g);
        var size = 1e-3 / Math.Sqrt(square);
        double At(double by)
        {
            for (var i = 0; i < start.Length; i++) model.Parameters.Values.Span[i] = (float)(start[i] + by * gradients[i]);
            return LossAndGradients(model, inputs, labels, 0, key: 77).Loss;
        }

        var slope = (At(size) - At(-size)) / (2 * size);
        Assert.InRange(slope / square, 0.97, 1.03);
    }

    [Fact]
    public void Without_a_training_key_there_is_no_dropout()
    {
        var (model, inputs, labels) = Draw(4, dropout: 0.5f);
        var (plain, _, _) = Draw(4);
        model.Pack(training: false);
        plain.Pack(training: false);
        var (one, other) = (model.CreatePass(), plain.CreatePass());
        var examples = ExampleSet.OfClasses(inputs, labels);
        one.Assign(examples, [.. Enumerable.Range(0, labels.Length)]);
        other.Assign(examples, [.. Enumerable.Range(0, labels.Length)]);
        Kernels.Widths.AssertSameBits(other.Forward(), one.Forward(), "logits");
    }

    [Fact]
    public void The_seed_fixes_the_weights_and_another_seed_draws_others()
    {
        var (one, _, _) = Draw(8);
        var again = Networks.Of(one.Config, 8);
        var other = Networks.Of(one.Config, 9);
        Kernels.Widths.AssertSameBits(one.Parameters.Values.Span, again.Parameters.Values.Span, "weights");
        Assert.False(one.Parameters.Values.Span.SequenceEqual(other.Parameters.Values.Span));
    }

    [Fact]
    public void Names_and_shapes_are_pytorchs()
    {
        var model = Networks.Of(new SequenceClassifierConfig { Encoder = new() { VocabularySize = 9, EmbeddingSize = 5, Cell = CellKind.Lstm, HiddenSize = 6, Layers = 2, Bidirectional = true }, Classes = 3 }, 1);
        Assert.Equal(
            ["embedding.weight [9, 5]", "fc.bias [3]", "fc.weight [3, 12]",
             "rnn.bias_hh_l0 [24]", "rnn.bias_hh_l0_reverse [24]", "rnn.bias_hh_l1 [24]", "rnn.bias_hh_l1_reverse [24]",
             "rnn.bias_ih_l0 [24]", "rnn.bias_ih_l0_reverse [24]", "rnn.bias_ih_l1 [24]", "rnn.bias_ih_l1_reverse [24]",
             "rnn.weight_hh_l0 [24, 6]", "rnn.weight_hh_l0_reverse [24, 6]", "rnn.weight_hh_l1 [24, 6]", "rnn.weight_hh_l1_reverse [24, 6]",
             "rnn.weight_ih_l0 [24, 5]", "rnn.weight_ih_l0_reverse [24, 5]", "rnn.weight_ih_l1 [24, 12]", "rnn.weight_ih_l1_reverse [24, 12]"],
            model.Parameters.Parameters.Select(p => $"{p.Name} [{string.Join(", ", p.Shape)}]").Order(StringComparer.Ordinal));
        Assert.All(Enumerable.Range(0, 6), j => Assert.Equal(1, model.Parameters.Parameters.Single(p => p.Name == "rnn.bias_ih_l0").Values.Span[6 + j]));
    }
}
