using Rnn.Cells;
using Rnn.Data;
using Rnn.Decoding;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Kernels;

namespace Rnn.Tests.Models;

/// <summary>A pass that keeps no trace computes the same, and once its buffers are there a step allocates nothing.</summary>
public sealed class AnsweringTests
{
    public static MatrixTheoryData<CellKind, bool, int> Shapes() => new(Enum.GetValues<CellKind>(), [false, true], [1, 5]);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Without_a_trace_the_logits_have_the_same_bits(CellKind cell, bool bidirectional, int rows)
    {
        var encoder = new EncoderConfig { VocabularySize = 300, EmbeddingSize = 6, Cell = cell, HiddenSize = 19, Layers = 2, Bidirectional = bidirectional };
        // Longer than what is multiplied at once.
        Sequence[] inputs = [.. Enumerable.Range(0, rows).Select(row => Sequence.OfTokens([.. Enumerable.Range(0, 150 - (row * 37)).Select(t => ((t * 7) + row) % 31 - 1)]))];
        foreach (NetworkConfig config in (NetworkConfig[])[
            new SequenceLabelerConfig { Encoder = encoder, Classes = 3 },
            new SequenceClassifierConfig { Encoder = encoder, Classes = 3, Pooling = PoolingKind.Last },
            new SequenceClassifierConfig { Encoder = encoder, Classes = 3, Pooling = PoolingKind.Max },
            new SequenceLabelerConfig { Encoder = encoder with { VocabularySize = 40 }, Classes = 3 },
            new SequenceLabelerConfig { Encoder = encoder with { VocabularySize = 5000 }, Classes = 3 }])
            Widths.AssertSameBits(Logits(config, inputs, keepsTrace: true), Logits(config, inputs, keepsTrace: false), config.GetType().Name);
    }

    [Theory]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.Gru)]
    public void Frames_have_the_same_bits_too(CellKind cell)
    {
        var config = new SequenceLabelerConfig { Encoder = new EncoderConfig { FeatureSize = 5, Cell = cell, HiddenSize = 20, Bidirectional = true }, Classes = 3 };
        Sequence[] inputs = [.. Enumerable.Range(0, 4).Select(row => Sequence.OfFrames(Widths.Random((90 - row) * 5, row), 5))];
        Widths.AssertSameBits(Logits(config, inputs, keepsTrace: true), Logits(config, inputs, keepsTrace: false), "frames");
    }

    [Fact]
    public void Several_ids_a_step_are_summed_after_the_product_instead_of_before()
    {
        var config = new SequenceClassifierConfig { Encoder = new EncoderConfig { VocabularySize = 300, EmbeddingSize = 6, HiddenSize = 19 }, Classes = 3 };
        Sequence[] inputs = [Sequence.OfTokens([3, -1, 7, 4, 8, -1, 29, 0, 2], 3), Sequence.OfTokens([-1, -1, -1], 3)];
        var (want, got) = (Logits(config, inputs, keepsTrace: true), Logits(config, inputs, keepsTrace: false));
        for (var i = 0; i < want.Length; i++) Assert.Equal(want[i], got[i], 1e-6f);
    }

    [Fact]
    public void A_pass_without_a_trace_does_not_go_back()
    {
        var network = Networks.Of(new SequenceClassifierConfig { Encoder = new EncoderConfig { FeatureSize = 2, HiddenSize = 3 }, Classes = 2 }, 1);
        network.Pack(training: true);
        var pass = network.CreatePass();
        pass.KeepsTrace = false;
        pass.Assign(ExampleSet.OfClasses([Sequence.OfFrames([1, 2], 2)], [1]), [0]);
        Assert.Throws<InvalidOperationException>(() => pass.ForwardBackward(new Objective(), 1, 0, new float[network.Parameters.Length]));
    }

    [Fact]
    public void Weights_changed_and_packed_for_training_are_those_that_are_read()
    {
        var network = Networks.Of(new SequenceClassifierConfig { Encoder = new EncoderConfig { VocabularySize = 9, EmbeddingSize = 4, HiddenSize = 3 }, Classes = 2 }, 1);
        network.Pack(training: false);
        network.Initialize(2);
        network.Pack(training: true);
        Widths.AssertSameBits(Logits(network, [Sequence.OfTokens([1, 5])], keepsTrace: true), Logits(network, [Sequence.OfTokens([1, 5])], keepsTrace: false), "logits");
    }

    [Theory]
    [InlineData(0, 0, 1, 1)]
    [InlineData(0.8, 0, 1, 1)]
    [InlineData(0.8, 5, 0.9, 1.2)]
    public void A_token_allocates_nothing(double temperature, int topK, double topP, double penalty)
    {
        var network = new LanguageModelConfig { Encoder = new EncoderConfig { VocabularySize = 40, EmbeddingSize = 8, HiddenSize = 24, Layers = 2 }, Begin = 1 }.Build();
        network.Initialize(3);
        network.Pack(training: false);
        var text = new Generation(network.CreateDecoder(null), new SamplingConfig { Temperature = temperature, TopK = topK, TopP = topP, RepetitionPenalty = penalty }, seed: 1, [0]);
        Assert.Equal(0, Allocations.OfThousand(() => text.Advance()));
    }

    [Fact]
    public void A_frame_allocates_nothing()
    {
        var network = new SequenceLabelerConfig { Encoder = new EncoderConfig { FeatureSize = 3, HiddenSize = 24 }, Classes = 4 }.Build();
        network.Initialize(5);
        var labeler = new StepLabeler(new TrainedModel(network, new Codec(null, FrameScaler.Fit([Sequence.OfFrames(Widths.Random(150, 1), 3)], Scaling.Robust), ["a", "b", "c", "d"], null)));
        Assert.Equal(0, Allocations.OfThousand(() => labeler.Next([0.1f, 0.2f, 0.3f])));
    }

    private static float[] Logits(NetworkConfig config, Sequence[] inputs, bool keepsTrace)
    {
        var network = config.Build();
        network.Initialize(7);
        network.Pack(training: false);
        return Logits(network, inputs, keepsTrace);
    }

    private static float[] Logits(Network network, Sequence[] inputs, bool keepsTrace)
    {
        var pass = network.CreatePass();
        pass.KeepsTrace = keepsTrace;
        pass.Assign(ExampleSet.Unlabelled(inputs), [.. Enumerable.Range(0, inputs.Length)]);
        return pass.Forward().ToArray();
    }
}
