using Rnn.Cells;
using Rnn.Data;
using Rnn.Models;

namespace Rnn.Tests.Models;

/// <summary>Labels as steps arrive are the labels of the whole sequence.</summary>
public sealed class StepLabelerTests
{
    private static TrainedModel OfFrames(CellKind cell, bool bidirectional = false)
    {
        var network = new SequenceLabelerConfig { Encoder = new() { FeatureSize = 3, Cell = cell, HiddenSize = 7, Layers = 2, Bidirectional = bidirectional }, Classes = 4 }.Build();
        network.Initialize(5);
        return new TrainedModel(network, new Codec(null, FrameScaler.Fit([Sequence.OfFrames(Kernels.Widths.Random(150, 1), 3)], Scaling.Robust), ["a", "b", "c", "d"], null));
    }

    private static TrainedModel OfTokens()
    {
        var tokenizer = Tokenizer.TrainOnTokens([["walking", "talking", "walks"], ["talks", "walking"]], new TokenizerConfig { SubwordFeatures = SubwordFeatures.Affix });
        var network = new SequenceLabelerConfig { Encoder = new() { VocabularySize = tokenizer.VocabularySize, EmbeddingSize = 5, HiddenSize = 6 }, Classes = 2 }.Build();
        network.Initialize(5);
        return new TrainedModel(network, new Codec(tokenizer, null, ["noun", "verb"], null));
    }

    [Theory]
    [InlineData(CellKind.RnnTanh)]
    [InlineData(CellKind.RnnRelu)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.Gru)]
    public void Frame_by_frame_equals_the_sequence_and_a_state_goes_on_elsewhere(CellKind cell)
    {
        var model = OfFrames(cell);
        float[][] frames = [.. Enumerable.Range(0, 38).Select(t => Kernels.Widths.Random(3, 100 + t))];
        var want = model.Label([model.Codec.EncodeFrames(frames)], [null])[0];
        var labeler = new StepLabeler(model);
        var other = new StepLabeler(model);
        var got = new List<float>();
        for (var t = 0; t < frames.Length; t++)
        {
            if (t == 20)
            {
                var moved = new StepLabeler(model);
                moved.GoOnFrom(labeler.State);
                var left = labeler.State.ToArray();
                labeler.Next(frames[0]);
                // What goes on elsewhere leaves the kept state alone.
                Assert.NotEqual(left, labeler.State.ToArray());
                Assert.Equal(left, moved.State.ToArray());
                labeler = moved;
            }

            other.Next(frames[^(t + 1)]);
            got.AddRange(labeler.Next(frames[t]));
        }

        Kernels.Widths.AssertSameBits(want.Probabilities, [.. got], "probabilities");
        Kernels.Widths.AssertSameBits(want.State, labeler.State.ToArray(), "state");
    }

    [Fact]
    public void Token_by_token_equals_the_sequence()
    {
        var model = OfTokens();
        string[] tokens = ["walks", "walking", "never seen", "talks", "balking"];
        var labeler = new StepLabeler(model);
        var got = new List<float>();
        foreach (var token in tokens) got.AddRange(labeler.Next(token));
        Kernels.Widths.AssertSameBits(model.Label([model.Codec.EncodeTokens(tokens)], [null])[0].Probabilities, [.. got], "probabilities");
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_the_sequence_stays_where_it_was()
    {
        var (frames, tokens) = (new StepLabeler(OfFrames(CellKind.RnnRelu)), new StepLabeler(OfTokens()));
        frames.Next([1, 2, 3]);
        var state = frames.State.ToArray();
        Assert.Contains("has 2 numbers, this model reads 3", Assert.Throws<ArgumentException>(() => frames.Next([1, 2])).Message, StringComparison.Ordinal);
        Assert.Contains("numbers", Assert.Throws<ArgumentException>(() => frames.Next("a")).Message, StringComparison.Ordinal);
        Assert.Contains("tokens", Assert.Throws<ArgumentException>(() => tokens.Next([1f])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => frames.GoOnFrom([1]));
        Assert.Equal(state, frames.State.ToArray());
        Assert.Throws<ArgumentException>(() => new StepLabeler(OfFrames(CellKind.Lstm, bidirectional: true)));
    }

    [Fact]
    public void An_overflow_is_refused_and_forgotten()
    {
        var scaler = FrameScaler.Fit([Sequence.OfFrames(new float[9], 3)], Scaling.None);
        var model = new TrainedModel(OfFrames(CellKind.RnnRelu).Network, new Codec(null, scaler, ["a", "b", "c", "d"], null));
        var labeler = new StepLabeler(model);
        float[] usual = [.. labeler.Next([1, 2, 3])];
        var state = labeler.State.ToArray();
        float[][] huge = [[3e38f, 3e38f, 3e38f], [-3e38f, -3e38f, -3e38f], [3e38f, -3e38f, 3e38f]];
        Assert.Contains(huge, frame => Record.Exception(() => labeler.Next(frame)) is ArgumentException);
        labeler.GoOnFrom(new float[state.Length]);
        Assert.Equal(usual, labeler.Next([1, 2, 3]).ToArray());
    }
}
