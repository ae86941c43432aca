using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Kernels;

namespace Rnn.Tests.Models;

/// <summary>What the weights of a network are called, what draws them, and what predicting leaves out; the mathematics are proved in <see cref="NetworkGradientTests"/>.</summary>
public sealed class NetworkTests
{
    private static readonly SequenceClassifierConfig s_config = new()
    {
        Encoder = new() { VocabularySize = 9, EmbeddingSize = 5, Cell = CellKind.Lstm, HiddenSize = 6, Layers = 2, Bidirectional = true, Dropout = 0.5f, EmbeddingDropout = 0.5f },
        Classes = 3,
    };

    [Fact]
    public void Without_a_training_key_there_is_no_dropout()
    {
        var model = Networks.Of(s_config, 4);
        var plain = Networks.Of(s_config with { Encoder = s_config.Encoder with { Dropout = 0, EmbeddingDropout = 0 } }, 4);
        model.Pack(training: false);
        plain.Pack(training: false);
        var (one, other) = (model.CreatePass(), plain.CreatePass());
        var examples = ExampleSet.Unlabelled([Sequence.OfTokens([1, 2, 3, 4]), Sequence.OfTokens([5, 6])]);
        one.Assign(examples, [0, 1]);
        other.Assign(examples, [0, 1]);
        Widths.AssertSameBits(other.Forward(), one.Forward(), "logits");
    }

    [Fact]
    public void The_seed_fixes_the_weights_and_another_seed_draws_others()
    {
        var one = Networks.Of(s_config, 8);
        Widths.AssertSameBits(one.Parameters.Values.Span, Networks.Of(s_config, 8).Parameters.Values.Span, "weights");
        Assert.False(one.Parameters.Values.Span.SequenceEqual(Networks.Of(s_config, 9).Parameters.Values.Span));
    }

    [Fact]
    public void Names_and_shapes_are_pytorchs()
    {
        var model = Networks.Of(s_config, 1);
        Assert.Equal(
            ["embedding.weight [9, 5]", "fc.bias [3]", "fc.weight [3, 12]",
             "rnn.bias_hh_l0 [24]", "rnn.bias_hh_l0_reverse [24]", "rnn.bias_hh_l1 [24]", "rnn.bias_hh_l1_reverse [24]",
             "rnn.bias_ih_l0 [24]", "rnn.bias_ih_l0_reverse [24]", "rnn.bias_ih_l1 [24]", "rnn.bias_ih_l1_reverse [24]",
             "rnn.weight_hh_l0 [24, 6]", "rnn.weight_hh_l0_reverse [24, 6]", "rnn.weight_hh_l1 [24, 6]", "rnn.weight_hh_l1_reverse [24, 6]",
             "rnn.weight_ih_l0 [24, 5]", "rnn.weight_ih_l0_reverse [24, 5]", "rnn.weight_ih_l1 [24, 12]", "rnn.weight_ih_l1_reverse [24, 12]"],
            Names(model));
        Assert.All(Enumerable.Range(0, 6), j => Assert.Equal(1, model.Parameters.Parameters.Single(p => p.Name == "rnn.bias_ih_l0").Values.Span[6 + j]));
    }

    [Fact]
    public void A_tied_output_layer_has_a_bias_and_where_widths_differ_a_projection()
    {
        static LanguageModel Of(int hidden) => new(new() { Encoder = new() { VocabularySize = 9, EmbeddingSize = 5, Cell = CellKind.RnnTanh, HiddenSize = hidden }, TieWeights = true });
        Assert.DoesNotContain(Names(Of(5)), name => name.StartsWith("fc.weight", StringComparison.Ordinal) || name.StartsWith("fc.projection", StringComparison.Ordinal));
        Assert.Contains("fc.bias [9]", Names(Of(5)));
        Assert.Contains("fc.projection.weight [5, 7]", Names(Of(7)));
    }

    [Fact]
    public void What_a_shape_cannot_do_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new LanguageModel(new() { Encoder = s_config.Encoder }));
        Assert.Throws<ArgumentException>(() => new Captioner(new() { FeatureSize = 2, VocabularySize = 9, Begin = 1, End = 2, EmbeddingSize = 4, HiddenSize = 4, TieWeights = true }));
        Assert.Throws<NotSupportedException>(() => new LanguageModel(new() { Encoder = s_config.Encoder with { Bidirectional = false } }).ScaleLogits([], 2));

        var labeler = new SequenceLabeler(new() { Encoder = s_config.Encoder, Classes = 3 });
        Assert.Equal(0, labeler.CarriedStateSize);
        Assert.Throws<ArgumentException>(() => labeler.CreatePass().Assign(new ExampleSet([Sequence.OfTokens([1, 2])], [new int[] { 1 }]), [0]));
        var vector = new VectorClassifier(new() { FeatureSize = 2, HiddenSize = 3, Classes = 2 });
        Assert.Throws<ArgumentException>(() => vector.CreatePass().Assign(ExampleSet.Unlabelled([Sequence.OfFrames([1, 2, 3, 4], 2)]), [0]));
    }

    /// <summary>One place at a time: embedded tokens, between the layers (the classifier's head sees one step), before the head of every step.</summary>
    [Fact]
    public void Variational_dropout_reaches_every_place_that_has_dropout()
    {
        Sequence[] texts = [Sequence.OfTokens([1, 2, 3, 4]), Sequence.OfTokens([5, 6, 7])];
        var perStep = new ExampleSet(texts, [new int[] { 1, 2, 0, 1 }, new int[] { 0, 2, 1 }]);
        var described = new ExampleSet([Sequence.OfFrames([1, 2], 2), Sequence.OfFrames([3, 4], 2)], perStep.Targets);
        foreach (var (layers, dropout, embeddingDropout) in new[] { (1, 0f, 0.5f), (1, 0.5f, 0f), (2, 0.5f, 0f) })
        {
            EncoderConfig Encoder(bool variational) => s_config.Encoder with { Layers = layers, Dropout = dropout, EmbeddingDropout = embeddingDropout, Bidirectional = false, VariationalDropout = variational };
            double Captioner(bool variational) => Loss(new Captioner(new()
            {
                FeatureSize = 2,
                VocabularySize = 9,
                Begin = 1,
                End = 2,
                EmbeddingSize = 4,
                HiddenSize = 6,
                Feedback = Feedback.Outputs,
                Layers = layers,
                Dropout = dropout,
                EmbeddingDropout = embeddingDropout,
                VariationalDropout = variational,
            }), described);
            Assert.NotEqual(Loss(new SequenceLabeler(new() { Encoder = Encoder(false), Classes = 3 }), perStep), Loss(new SequenceLabeler(new() { Encoder = Encoder(true), Classes = 3 }), perStep));
            Assert.NotEqual(Captioner(false), Captioner(true));
            var classified = ExampleSet.OfClasses(texts, [1, 2]);
            var (plain, same) = (Loss(new SequenceClassifier(new() { Encoder = Encoder(false), Classes = 3 }), classified), Loss(new SequenceClassifier(new() { Encoder = Encoder(true), Classes = 3 }), classified));
            Assert.Equal(layers == 1 && embeddingDropout == 0, plain == same);
        }
    }

    private static double Loss(Network network, ExampleSet examples)
    {
        network.Initialize(4);
        network.Pack(training: true);
        var pass = network.CreatePass();
        pass.Assign(examples, [0, 1]);
        return pass.ForwardBackward(new Objective(0), 1, dropoutKey: 3, new float[network.Parameters.Length]).Loss;
    }

    /// <summary>The way of frame-by-frame labelling and of a stream cut into windows: nothing but the state passes from piece to piece.</summary>
    [Theory]
    [InlineData(CellKind.RnnTanh)]
    [InlineData(CellKind.RnnRelu)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.Gru)]
    public void Pieces_with_a_carried_state_equal_the_whole(CellKind cell)
    {
        var labeler = new SequenceLabeler(new() { Encoder = new() { FeatureSize = 3, Cell = cell, HiddenSize = 13, Layers = 2 }, Classes = 4 });
        labeler.Initialize(5);
        labeler.Pack(training: false);
        var frames = Widths.Random(38 * 3, 1);
        float[] Run(NetworkPass pass, Range steps)
        {
            pass.Assign(ExampleSet.Unlabelled([Sequence.OfFrames(frames[(steps.Start.Value * 3)..(steps.End.Value * 3)], 3)]), [0]);
            return pass.Forward().ToArray();
        }

        var whole = Run(labeler.CreatePass(), 0..38);
        var pass = labeler.CreatePass();
        pass.CarriedStates = new float[labeler.CarriedStateSize];
        float[] first = Run(pass, 0..1), second = Run(pass, 1..8);
        var fork = pass.CarriedStates.ToArray();
        Widths.AssertSameBits(whole, [.. first, .. second, .. Run(pass, 8..38)], "1 + 7 + 30 frames");

        var other = labeler.CreatePass();
        other.CarriedStates = fork;
        Widths.AssertSameBits(whole.AsSpan(8 * 4), Run(other, 8..38), "from a copy of the state");
    }

    [Fact]
    public void A_pass_over_more_targets_than_are_judged_at_a_time_finds_what_passes_over_each_row_find()
    {
        // Tied and of another width, so that the head has a projection of its own to go back through.
        var network = new LanguageModel(new LanguageModelConfig { Encoder = new() { VocabularySize = 12, EmbeddingSize = 5, HiddenSize = 7 }, TieWeights = true });
        network.Initialize(1);
        network.Pack(training: true);
        var inputs = Enumerable.Range(0, 8).Select(row => Sequence.OfTokens([.. Enumerable.Range(0, 90 - row).Select(t => (t * 7 + row) % 12)])).ToArray();
        var targets = inputs.Select((input, row) => new ReadOnlyMemory<int>([.. Enumerable.Range(0, input.Steps).Select(t => t % 9 == row ? ExampleSet.NoTarget : (t * 5 + row) % 12)])).ToArray();
        var examples = new ExampleSet(inputs, targets);

        var (whole, each) = (new float[network.Parameters.Length], new float[network.Parameters.Length]);
        PassResult learn(int[] rows, float[] gradients)
        {
            var pass = network.CreatePass();
            pass.Assign(examples, rows);
            var found = pass.ForwardBackward(new Objective(), 0.01f, 0, gradients);
            pass.AddLateGradients(gradients);
            return found;
        }

        var found = learn([.. Enumerable.Range(0, 8)], whole);
        var sum = Enumerable.Range(0, 8).Aggregate(new PassResult(), (sum, row) => sum + learn([row], each));
        Assert.Equal((sum.Correct, sum.Targets, sum.Tokens), (found.Correct, found.Targets, found.Tokens));
        Assert.Equal(sum.Loss, found.Loss, 1e-4);
        Assert.Contains(each, gradient => Math.Abs(gradient) > 0.01f);
        for (var i = 0; i < each.Length; i++) Assert.Equal(each[i], whole[i], 1e-5f);
    }

    private static IEnumerable<string> Names(Network network) =>
        network.Parameters.Parameters.Select(p => $"{p.Name} [{string.Join(", ", p.Shape)}]").Order(StringComparer.Ordinal);
}
