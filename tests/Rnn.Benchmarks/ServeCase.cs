using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Decoding;
using Rnn.Kernels;
using Rnn.Layers;
using Rnn.Models;

namespace Rnn.Benchmarks;

/// <summary>One row of the table: the same work by the core, as the service asks for it, and by ONNX Runtime.</summary>
/// <param name="Name">What is done in one call.</param>
/// <param name="Own">One call of the core.</param>
/// <param name="Onnx">Gives ONNX Runtime the weights, checks that both say the same, and returns one call of it.</param>
internal sealed record ServeCase(string Name, Action Own, Func<Action> Onnx)
{
    private const int Vocabulary = 1000, Embedding = 64, Hidden = 128, Classes = 10, Steps = 50;
    private const double Tolerance = 1e-4;

    /// <summary>All rows: makes the networks, so it is lazy.</summary>
    public static IReadOnlyList<Func<ServeCase>> All { get; } =
    [
        () => Generate(256, WeightPrecision.Fp32), () => Generate(256, WeightPrecision.Bf16), () => Generate(512, WeightPrecision.Fp32), () => Generate(512, WeightPrecision.Bf16),
        () => Classify(1, WeightPrecision.Fp32), () => Classify(1, WeightPrecision.Bf16), () => StreamFrame(), () => Classify(32, WeightPrecision.Fp32), () => Classify(32, WeightPrecision.Bf16),
    ];

    private static ServeCase Generate(int hidden, WeightPrecision precision)
    {
        var network = Initialized(precision, new LanguageModelConfig { Encoder = new EncoderConfig { VocabularySize = 65, EmbeddingSize = hidden, HiddenSize = hidden }, Begin = 0 });
        var text = new Generation(network.CreateDecoder(null), new SamplingConfig { Temperature = 0 }, seed: 1);
        return new($"one token of a text, LSTM {hidden}, embedding {hidden}, vocabulary 65, greedy{Suffix(precision)}", () => text.Advance(), () =>
        {
            var onnx = new OnnxStepper(network, hidden, features: 0);
            for (var (step, read) = (0, 0); step < 200; step++)
            {
                var want = onnx.Next(read);
                read = text.Advance().Token;
                Same(want, text.Logits, $"logits of step {step}");
            }

            return onnx.NextGreedy;
        });
    }

    private static ServeCase Classify(int rows, WeightPrecision precision)
    {
        var network = Initialized(precision, new SequenceClassifierConfig { Encoder = new EncoderConfig { VocabularySize = Vocabulary, EmbeddingSize = Embedding, HiddenSize = Hidden }, Classes = Classes });
        string[] words = [.. Enumerable.Range(0, Vocabulary - 1).Select(i => $"w{i}")];
        var model = new TrainedModel(network, new Codec(Tokenizer.TrainOnTokens([words], new TokenizerConfig()), null, [.. Enumerable.Range(0, Classes).Select(c => $"{c}")], null), precision);
        var random = new Random(1);
        Sequence[] inputs = [.. Enumerable.Range(0, rows).Select(_ => Sequence.OfTokens([.. Enumerable.Range(0, Steps).Select(_ => random.Next(Vocabulary))]))];
        return new($"classify {(rows == 1 ? "one text" : $"a batch of {rows} texts")} of {Steps} tokens, vocabulary {Vocabulary}, embedding {Embedding}, LSTM {Hidden}{Suffix(precision)}", () => model.Classify(inputs), () =>
        {
            var onnx = new OnnxClassifier(OnnxLstm.Session(network, stepwise: false), Classes, Steps, rows);
            var logits = onnx.Classify(inputs);
            var want = new float[Classes];
            foreach (var (row, probabilities) in model.Classify(inputs).Index())
            {
                CrossEntropy.Softmax(logits.Slice(row * Classes, Classes), want);
                Same(want, probabilities, $"probabilities of row {row}");
            }

            return () => onnx.Classify(inputs);
        });
    }

    private static ServeCase StreamFrame()
    {
        var network = Initialized(WeightPrecision.Fp32, new SequenceLabelerConfig { Encoder = new EncoderConfig { FeatureSize = Embedding, HiddenSize = Hidden }, Classes = Classes });
        float[] values = [.. Enumerable.Range(0, 200 * Embedding).Select(i => MathF.Sin(i * 0.37f))];
        var codec = new Codec(null, FrameScaler.Fit([Sequence.OfFrames(values, Embedding)], Scaling.None), [.. Enumerable.Range(0, Classes).Select(c => $"{c}")], null);
        var labeler = new StepLabeler(new TrainedModel(network, codec));
        return new($"one streamed frame of {Embedding} features, LSTM {Hidden}, {Classes} labels", () => labeler.Next(values.AsSpan(0, Embedding)), () =>
        {
            var (onnx, want) = (new OnnxStepper(network, Hidden, Embedding), new float[Classes]);
            for (var t = 0; t < 200; t++)
            {
                var frame = values.AsSpan(t * Embedding, Embedding);
                CrossEntropy.Softmax(onnx.Next(frame), want);
                Same(want, labeler.Next(frame), $"probabilities of frame {t}");
            }

            return () => onnx.Next(values.AsSpan(0, Embedding));
        });
    }

    private static string Suffix(WeightPrecision precision) => precision == WeightPrecision.Bf16 ? "; bf16 weights" : "";

    /// <summary>A packed network. Weights that will be kept as bf16 are rounded before: both sides then have the same ones, and their answers must be equal.</summary>
    private static Network Initialized(WeightPrecision precision, NetworkConfig config)
    {
        var network = config.Build();
        network.Initialize(1);
        if (precision == WeightPrecision.Bf16)
            foreach (ref var value in network.Parameters.Values.Span) value = Bf16Panels.Round(value);
        network.Pack(training: false, precision);
        return network;
    }

    private static void Same(ReadOnlySpan<float> want, ReadOnlySpan<float> got, string what)
    {
        if (!(TensorPrimitives.Distance(want, got) <= Tolerance)) throw new InvalidOperationException($"{what}: {string.Join(' ', got[..3].ToArray())}, ONNX Runtime has {string.Join(' ', want[..3].ToArray())}: not the same computation");
    }
}
