using Rnn.Cells;
using Rnn.Data;
using Rnn.Decoding;
using Rnn.Kernels;
using Rnn.Models;
using Rnn.Tests.Kernels;

namespace Rnn.Tests.Models;

/// <summary>A model with bf16 weights answers as one whose weights were rounded, in less memory, and says what the rounding changed.</summary>
public sealed class PrecisionTests
{
    private static readonly Tokenizer s_tokenizer = Tokenizer.TrainOnTokens([[.. Enumerable.Range(0, 199).Select(i => $"w{i}")]], new TokenizerConfig());

    private static TrainedModel Classifier(CellKind cell, WeightPrecision precision, bool rounded = false, int vocabulary = 200)
    {
        var network = Networks.Of(new() { Encoder = new() { VocabularySize = vocabulary, EmbeddingSize = 12, Cell = cell, HiddenSize = 40, Layers = 2, Bidirectional = true }, Classes = 3 }, 3);
        // Embeddings and biases are not multiplied by: they stay as they are.
        foreach (var weight in network.Parameters.Parameters.Where(p => rounded && p.Shape.Count == 2 && !p.Name.StartsWith("embedding", StringComparison.Ordinal)))
            foreach (ref var value in weight.Values.Span) value = Bf16Panels.Round(value);
        return new TrainedModel(network, new Codec(s_tokenizer, null, ["neg", "neutral", "pos"], null), precision);
    }

    [Theory]
    [InlineData(CellKind.RnnTanh, 200)]
    [InlineData(CellKind.Lstm, 200)]
    [InlineData(CellKind.Lstm, 5000)]
    [InlineData(CellKind.Gru, 200)]
    public void Its_answers_have_the_bits_of_rounded_weights_alone_and_in_any_company(CellKind cell, int vocabulary)
    {
        var (bf16, rounded, exact) = (Classifier(cell, WeightPrecision.Bf16, vocabulary: vocabulary), Classifier(cell, WeightPrecision.Fp32, rounded: true, vocabulary), Classifier(cell, WeightPrecision.Fp32, vocabulary: vocabulary));
        var random = new Random(1);
        Sequence[] inputs = [.. Enumerable.Range(0, 45).Select(i => Sequence.OfTokens([.. Enumerable.Range(0, 1 + (i % 17)).Select(_ => random.Next(200))]))];
        var (want, together) = (rounded.Classify(inputs), bf16.Classify(inputs));
        for (var i = 0; i < inputs.Length; i++)
        {
            Widths.AssertSameBits(want[i], together[i], $"input {i} in company");
            Widths.AssertSameBits(want[i], bf16.Classify([inputs[i]])[0], $"input {i} alone");
        }

        Assert.NotEqual(exact.Classify(inputs), together);
    }

    [Fact]
    public void It_takes_less_memory_and_says_what_it_lost()
    {
        var (bf16, rounded, exact) = (Classifier(CellKind.Lstm, WeightPrecision.Bf16), Classifier(CellKind.Lstm, WeightPrecision.Bf16, rounded: true), Classifier(CellKind.Lstm, WeightPrecision.Fp32));
        Assert.Equal(exact.SizeInBytes - ((TightRows.Pays ? 6L : 2L) * exact.Network.Parameters.DenseLength), bf16.SizeInBytes);
        Assert.Null(exact.PrecisionLoss);
        Assert.InRange(bf16.PrecisionLoss!.LargestDifference, 1e-6, 0.02);
        Assert.InRange(bf16.PrecisionLoss.SameTop, 0.9, 1);
        Assert.Equal(new PrecisionLoss(bf16.PrecisionLoss.Answers, 0, 1), rounded.PrecisionLoss);
        Assert.Equal(bf16.PrecisionLoss, Classifier(CellKind.Lstm, WeightPrecision.Bf16).PrecisionLoss);
    }

    [Theory]
    [MemberData(nameof(TrainedModelTests.Emitting), MemberType = typeof(TrainedModelTests))]
    public void Networks_that_emit_are_measured_on_their_own_texts(string kind)
    {
        var network = Rnn.Tests.Decoding.TokenDecoderTests.Make(kind, CellKind.Lstm).Network;
        var tokenizer = Tokenizer.Train(["abcdefghij"], new TokenizerConfig { Kind = TokenizerKind.Char });
        var scaler = network is Captioner ? FrameScaler.Fit([Sequence.OfFrames([1, 2, 3], 3), Sequence.OfFrames([2, 4, 9], 3)], Scaling.Standard) : null;
        var loss = new TrainedModel(network, new Codec(scaler is null ? tokenizer : null, scaler, [], tokenizer), WeightPrecision.Bf16).PrecisionLoss!;
        Assert.InRange(loss.Answers, 16, 16 * 32);
        Assert.InRange(loss.LargestDifference, 1e-6, 0.02);
        Assert.InRange(loss.SameTop, 0.8, 1);
    }

    [Fact]
    public void Labelers_and_vectors_are_measured_too_and_NaN_is_no_figure()
    {
        var scaler = FrameScaler.Fit([Sequence.OfFrames([1, 2, 3], 3), Sequence.OfFrames([2, 4, 9], 3)], Scaling.Standard);
        var codec = new Codec(null, scaler, ["a", "b"], null);
        NetworkConfig[] configs = [new SequenceLabelerConfig { Encoder = new() { FeatureSize = 3, HiddenSize = 9 }, Classes = 2 }, new VectorClassifierConfig { FeatureSize = 3, HiddenSize = 9, Classes = 2 }];
        foreach (var network in configs.Select(config => config.Build()))
        {
            network.Initialize(1);
            Assert.Equal(network is SequenceLabeler ? 128 * 32 : 128, new TrainedModel(network, codec, WeightPrecision.Bf16).PrecisionLoss!.Answers);
            network.Parameters.Values.Span.Fill(float.NaN);
            Assert.True(float.IsFinite(new TrainedModel(network, codec, WeightPrecision.Bf16).PrecisionLoss!.LargestDifference));
        }
    }

    [Fact]
    public void A_token_allocates_nothing_and_training_is_refused()
    {
        var network = new LanguageModelConfig { Encoder = new() { VocabularySize = 40, EmbeddingSize = 8, HiddenSize = 24, Layers = 2 }, Begin = 1 }.Build();
        network.Initialize(3);
        network.Pack(training: false, WeightPrecision.Bf16);
        var text = new Generation(network.CreateDecoder(null), new SamplingConfig { Temperature = 0.8 }, seed: 1);
        Assert.Equal(0, Allocations.OfThousand(() => text.Advance()));
        Assert.Throws<ArgumentException>(() => network.Pack(training: true, WeightPrecision.Bf16));
    }
}
