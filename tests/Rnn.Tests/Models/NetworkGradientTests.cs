using FsCheck;
using FsCheck.Fluent;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Golden;
using Rnn.Tests.Oracle;

namespace Rnn.Tests.Models;

/// <summary>Loss, logits and every gradient of every network against the double-precision tape, over random shapes.</summary>
public sealed class NetworkGradientTests
{
    private const float Smoothing = 0.125f;
    private static readonly Config s_many = Config.QuickThrowOnFailure.WithMaxTest(60);

    private delegate (Network Network, ExampleSet Examples, Func<IReadOnlyDictionary<string, OracleTensor>, OracleTensor> Oracle) Make(NetworkShape shape, float dropout);

    private static readonly Dictionary<string, Make> s_models = new()
    {
        ["one to one"] = (shape, dropout) =>
        {
            var config = new VectorClassifierConfig { FeatureSize = shape.Inputs, HiddenSize = shape.Hidden, Layers = shape.Layers, Relu = shape.Flag, Dropout = dropout, Classes = 3 };
            var inputs = shape.Vectors();
            return (new VectorClassifier(config), new ExampleSet(inputs, shape.Targets(3, _ => 1)), p => OracleModels.Vector(config, p, inputs));
        },
        ["one to many, zeros"] = (shape, dropout) => Captioner(shape, dropout, Feedback.Zeros),
        ["one to many, outputs"] = (shape, dropout) => Captioner(shape, dropout, Feedback.Outputs),
        ["many to one"] = (shape, dropout) =>
        {
            var config = new SequenceClassifierConfig { Encoder = shape.Encoder(dropout: dropout), Pooling = shape.Pooling, Classes = 4 };
            var inputs = shape.Sequences();
            return (new SequenceClassifier(config), new ExampleSet(inputs, shape.Targets(4, _ => 1)), p => OracleModels.Classifier(config, p, inputs));
        },
        ["many to many in step"] = (shape, dropout) =>
        {
            var config = new SequenceLabelerConfig { Encoder = shape.Encoder(dropout: dropout), Classes = 5 };
            var inputs = shape.Sequences();
            return (new SequenceLabeler(config), new ExampleSet(inputs, shape.Targets(5, length => length, gaps: true)), p => OracleModels.PerStep(config.Encoder, p, inputs));
        },
        ["language model"] = (shape, dropout) =>
        {
            var config = new LanguageModelConfig { Encoder = shape.Encoder(tokens: true, bidirectional: false, dropout), TieWeights = shape.Flag };
            var inputs = shape.Sequences(tokens: true);
            return (new LanguageModel(config), new ExampleSet(inputs, shape.Targets(NetworkShape.Vocabulary, length => length)), p => OracleModels.PerStep(config.Encoder, p, inputs));
        },
        ["translation, no attention"] = (shape, dropout) => Translator(shape, dropout, AttentionKind.None),
        ["translation, additive"] = (shape, dropout) => Translator(shape, dropout, AttentionKind.Additive),
        ["translation, dot"] = (shape, dropout) => Translator(shape with { Layers = 1 }, dropout, AttentionKind.Dot),
        ["translation, general"] = (shape, dropout) => Translator(shape, dropout, AttentionKind.General),
        ["translation, input feeding"] = (shape, dropout) => Translator(shape with { Layers = 1 }, dropout, AttentionKind.General, feeds: true),
    };

    public static TheoryData<string> Models() => [.. s_models.Keys];

    public static MatrixTheoryData<CellKind, bool> CellsAndTies() => new(Enum.GetValues<CellKind>(), [false, true]);

    public static MatrixTheoryData<string, bool, bool> ModelsAndMasks() => new(s_models.Keys, [false, true], [false, true]);

    /// <summary>A network of a kind, its weights not drawn, with examples it can learn from.</summary>
    internal static (Network Network, ExampleSet Examples) Of(string model, NetworkShape shape, float dropout)
    {
        var (network, examples, _) = s_models[model](shape, dropout);
        return (network, examples);
    }

    /// <summary>The same with its logits on the tape.</summary>
    internal static (Network Network, ExampleSet Examples, Func<IReadOnlyDictionary<string, OracleTensor>, OracleTensor> Oracle) WithOracle(string model, NetworkShape shape) => s_models[model](shape, 0);

    private static (Network, ExampleSet, Func<IReadOnlyDictionary<string, OracleTensor>, OracleTensor>) Captioner(NetworkShape shape, float dropout, Feedback feedback)
    {
        var config = new CaptionerConfig
        {
            FeatureSize = 1 + shape.Seed % 7,
            VocabularySize = NetworkShape.Vocabulary,
            Begin = 1,
            End = 2,
            EmbeddingSize = shape.Inputs,
            Feedback = feedback,
            Cell = shape.Cell,
            HiddenSize = shape.Hidden,
            Layers = shape.Layers,
            TieWeights = shape.Flag && feedback == Feedback.Outputs,
            Dropout = dropout,
            EmbeddingDropout = dropout,
            VariationalDropout = shape.Variational,
        };
        var inputs = (shape with { Inputs = config.FeatureSize }).Vectors();
        var targets = shape.Targets(config.VocabularySize, length => length);
        return (new Captioner(config), new ExampleSet(inputs, targets), p => OracleModels.Captioner(config, p, inputs, targets));
    }

    private static (Network, ExampleSet, Func<IReadOnlyDictionary<string, OracleTensor>, OracleTensor>) Translator(NetworkShape shape, float dropout, AttentionKind attention, bool feeds = false)
    {
        // Dot compares states of one size; elsewhere encoder and decoder differ unless they share their states.
        var bidirectional = shape.Flag && attention != AttentionKind.Dot;
        var hidden = attention == AttentionKind.Dot || shape.Seed % 3 == 0 ? shape.Hidden : 1 + (shape.Hidden % 5);
        var config = new TranslatorConfig
        {
            Encoder = shape.Encoder(bidirectional: bidirectional, dropout: dropout),
            Decoder = new DecoderConfig
            {
                VocabularySize = NetworkShape.Vocabulary,
                EmbeddingSize = shape.Inputs,
                Cell = shape.Cell,
                HiddenSize = hidden,
                Layers = shape.Seed % 2 == 0 ? shape.Layers : 1,
                Attention = attention,
                AttentionSize = 1 + (shape.Seed % 19),
                InputFeeding = feeds,
                TieWeights = shape.Seed % 5 < 2,
                Dropout = dropout,
                EmbeddingDropout = dropout,
            },
            Begin = 1,
            End = 2,
        };
        // Long targets meet short sources: the two orders of the rows differ.
        var inputs = shape.Sequences().Reverse().ToArray();
        var targets = shape.Targets(NetworkShape.Vocabulary, length => length);
        return (new Translator(config), new ExampleSet(inputs, targets), p => new OracleTranslator(config, p).Logits(inputs, targets));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Loss_logits_and_gradients_equal_the_oracles(string model) => Prop.ForAll(NetworkShape.Any, shape => EqualTheOracles(model, shape)).Check(s_many);

    /// <summary>Rows of one length whose head brings its gradient step by step, with more targets than are judged at a time; a tied weight is the head's and the embedding's.</summary>
    [Theory]
    [MemberData(nameof(CellsAndTies))]
    public void So_do_those_of_a_head_at_every_step(CellKind cell, bool isTied) =>
        EqualTheOracles("language model", new(cell, Hidden: 12, Inputs: 12, Layers: 2, isTied, Tokens: true, PoolingKind.Mean, [.. Enumerable.Repeat(40, 8)], Seed: 4));

    private static void EqualTheOracles(string model, NetworkShape shape)
    {
        var (network, examples, oracle) = s_models[model](shape, 0);
        network.Initialize((ulong)shape.Seed);
        // Biases are zero at first: move everything, so that nothing hides behind a zero.
        foreach (var parameter in network.Parameters.Parameters)
            for (var i = 0; i < parameter.Length; i++) parameter.Values.Span[i] += 0.1f * MathF.Sin(i + parameter.Name.Length);
        var tape = new Tape();
        var parameters = network.Parameters.Parameters.ToDictionary(p => p.Name, p => OracleTensor.Of(tape, [.. p.Shape], p.Values.ToArray()));
        var logits = oracle(parameters);

        network.Pack(training: true);
        int[] rows = [.. Enumerable.Range(0, examples.Count)];
        var (pass, gradients) = (network.CreatePass(), new float[network.Parameters.Length]);
        pass.Assign(examples, rows);
        GoldenResult.AssertClose("logits", logits.Values, Doubles(pass.Forward()), 1e-5, 1e-5);

        var targets = pass.Targets.ToArray().Select(t => (long)t).ToArray();
        var counted = targets.Count(t => t >= 0);
        if (counted == 0) return;
        var (_, _, mean) = OracleHeads.CrossEntropy(logits, targets, Smoothing, ignore: ExampleSet.NoTarget);
        tape.Backward(mean);
        var result = pass.ForwardBackward(new Objective(Smoothing), 1f / counted, dropoutKey: 1, gradients);
        pass.AddLateGradients(gradients);
        Assert.Equal(counted, result.Targets);
        GoldenResult.AssertClose("loss", [mean.Value], [result.Loss / counted], 1e-6, 1e-6);
        foreach (var parameter in network.Parameters.Parameters)
        {
            var want = parameters[parameter.Name].Gradients;
            GoldenResult.AssertClose($"d{parameter.Name}", want, Doubles(parameter.In(gradients)), 1e-5, 1e-5 * Math.Max(1, want.Max(Math.Abs)));
        }
    }

    private static readonly NetworkShape s_one = new(CellKind.Gru, 7, 5, 2, false, true, PoolingKind.Mean, [5, 3, 3, 1], 4);

    private static (double Loss, float[] Gradients) Run(Network network, ExampleSet examples, float[]? into = null)
    {
        network.Pack(training: true);
        var (pass, gradients) = (network.CreatePass(), into ?? new float[network.Parameters.Length]);
        pass.Assign(examples, [0, 1, 2, 3]);
        var result = pass.ForwardBackward(new Objective(0), 1, dropoutKey: 77, gradients);
        pass.AddLateGradients(gradients);
        return (result.Loss, gradients);
    }

    /// <summary>Masks are fixed by the key, so with dropout the loss is still a function, whose slope along the gradient of a parameter is its norm.</summary>
    [Theory]
    [MemberData(nameof(ModelsAndMasks))]
    public void With_dropout_the_slope_of_the_loss_is_the_gradient(string model, bool variational, bool even)
    {
        // Rows of one length in one direction leave their states in the trace, which no mask may touch.
        var shape = even ? s_one with { Flag = false, Lengths = [4, 4, 4, 4] } : s_one;
        var (network, examples) = Of(model, shape with { Variational = variational }, 0.4f);
        network.Initialize(3);
        var (loss, gradients) = Run(network, examples);
        var (plain, sameExamples) = Of(model, shape, 0);
        plain.Initialize(3);
        Assert.NotEqual(loss, Run(plain, sameExamples).Loss);

        // One by one: among all of them the recurrent weights would hardly count.
        var start = network.Parameters.Values.ToArray();
        foreach (var parameter in network.Parameters.Parameters)
        {
            var slope = parameter.In(gradients).ToArray();
            var norm = Math.Sqrt(slope.Sum(g => (double)g * g));
            double At(double by)
            {
                start.CopyTo(network.Parameters.Values);
                for (var i = 0; i < slope.Length; i++) parameter.Values.Span[i] += (float)(by * slope[i] / norm);
                return Run(network, examples).Loss;
            }

            // Single precision leaves some 1e-5 of a loss of some tens, and that over the step is the tolerance.
            Assert.NotEqual(0, norm);
            Assert.Equal(norm, (At(0.01) - At(-0.01)) / 0.02, 0.02 * norm + 2e-3);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Backward_accumulates_and_clearing_leaves_zeros(string model)
    {
        var (network, examples, _) = s_models[model](s_one, 0);
        network.Initialize(3);
        var once = Run(network, examples).Gradients;
        Assert.Contains(once, g => g != 0);
        var twice = Run(network, examples, into: [.. once]).Gradients;
        GoldenResult.AssertClose("twice", [.. once.Select(g => 2.0 * g)], Doubles(twice), 1e-5, 1e-6);

        var pass = network.CreatePass();
        pass.Assign(examples, [0, 1, 2, 3]);
        pass.ClearSparseGradients(twice);
        Assert.All(twice[network.Parameters.DenseLength..], g => Assert.Equal(0, g));
    }

    private static double[] Doubles(ReadOnlySpan<float> values) => [.. values.ToArray().Select(v => (double)v)];
}
