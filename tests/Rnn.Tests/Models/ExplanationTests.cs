using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;

namespace Rnn.Tests.Models;

/// <summary>An explanation is what its definition says: differences of log-probabilities, and verdicts on beginnings.</summary>
public sealed class ExplanationTests
{
    private static readonly string[] s_texts = ["a good film", "a bad film", "not good not bad", "good good", "walking walked walks"];

    private static TrainedModel OfText(TokenizerConfig config, PoolingKind pooling = PoolingKind.Last)
    {
        var tokenizer = Tokenizer.Train(s_texts, config);
        var shape = new SequenceClassifierConfig { Encoder = new() { VocabularySize = tokenizer.VocabularySize, EmbeddingSize = 6, HiddenSize = 9, Bidirectional = true }, Pooling = pooling, Classes = 3 };
        return new TrainedModel(Networks.Of(shape, 3), new Codec(tokenizer, null, ["neg", "neutral", "pos"], null));
    }

    private static Explanation Explain(TrainedModel model, Sequence input) => Explanation.Of(model, input, TestContext.Current.CancellationToken);

    private static float Difference(float[] all, float[] erased)
    {
        var label = Array.IndexOf(all, all.Max());
        return MathF.Log(all[label]) - MathF.Log(erased[label]);
    }

    [Theory]
    [InlineData(PoolingKind.Last)]
    [InlineData(PoolingKind.Max)]
    public void A_token_is_worth_what_the_unknown_one_in_its_place_loses(PoolingKind pooling)
    {
        var model = OfText(new TokenizerConfig(), pooling);
        string[] tokens = ["not", "good", "neverseen", "film"];
        var explanation = Explain(model, model.Codec.EncodeTokens(tokens));

        Assert.Equal(model.Classify([model.Codec.EncodeTokens(tokens)])[0], explanation.Probabilities);
        for (var i = 0; i < tokens.Length; i++)
        {
            string[] erased = [.. tokens];
            erased[i] = "neverseen";
            Assert.Equal(Difference(explanation.Probabilities, model.Classify([model.Codec.EncodeTokens(erased)])[0]), explanation.Attributions[i], 1e-5f);
            Assert.Equal(model.Classify([model.Codec.EncodeTokens(tokens[..(i + 1)])])[0], explanation.Running[i]);
        }

        Assert.Equal(0, explanation.Attributions[2]);
        Assert.Contains(explanation.Attributions, attribution => attribution != 0);
    }

    [Fact]
    public void Erasing_a_token_takes_its_ngrams_and_affixes_along()
    {
        var config = new TokenizerConfig { TokenNgrams = 3, SubwordFeatures = SubwordFeatures.Affix };
        var tokenizer = Tokenizer.Train(["a b c d", "a b c d", "walking walking", "walking a"], config);
        var whole = tokenizer.Encode("a b c d walking");
        // An unknown token of one letter has neither n-grams nor affixes.
        for (var i = 0; i < whole.Steps; i++)
        {
            string[] erased = ["a", "b", "c", "d", "walking"];
            erased[i] = "z";
            Assert.Equal(tokenizer.EncodeTokens(erased).Ids.ToArray(), tokenizer.Erase(whole, i).Ids.ToArray());
        }
    }

    [Fact]
    public void A_lone_token_is_explained_too()
    {
        var model = OfText(new TokenizerConfig());
        var explanation = Explain(model, model.Codec.Encode("good"));
        Assert.Single(explanation.Running);
        Assert.Equal(Difference(explanation.Probabilities, model.Classify([model.Codec.Encode("zzz")])[0]), Assert.Single(explanation.Attributions), 1e-5f);
    }

    [Fact]
    public void A_frame_is_worth_what_the_mean_in_its_place_loses()
    {
        var network = Networks.Of(new SequenceClassifierConfig { Encoder = new() { FeatureSize = 2, Cell = CellKind.Gru, HiddenSize = 5 }, Classes = 2 }, 3);
        var scaler = FrameScaler.Fit([Sequence.OfFrames([1, 2, 3, 4, 5, 6], 2)], Scaling.Standard);
        var model = new TrainedModel(network, new Codec(null, scaler, ["down", "up"], null));
        // Longer than what is computed at a time.
        float[][] frames = [.. Enumerable.Range(0, 150).Select(t => Kernels.Widths.Random(2, t))];
        var explanation = Explain(model, model.Codec.EncodeFrames(frames));

        Assert.Equal((150, 150), (explanation.Attributions.Length, explanation.Running.Count));
        foreach (var i in new[] { 0, 63, 64, 149 })
        {
            float[][] erased = [.. frames];
            erased[i] = [3, 4];
            Assert.Equal(Difference(explanation.Probabilities, model.Classify([model.Codec.EncodeFrames(erased)])[0]), explanation.Attributions[i], 1e-5f);
            Assert.Equal(model.Classify([model.Codec.EncodeFrames(frames[..(i + 1)])])[0], explanation.Running[i]);
        }
    }

    [Fact]
    public void A_feature_is_worth_what_its_mean_loses_and_a_vector_has_no_beginnings()
    {
        var network = new VectorClassifierConfig { FeatureSize = 3, HiddenSize = 4, Classes = 2 }.Build();
        network.Initialize(1);
        var scaler = FrameScaler.Fit([Sequence.OfFrames([1, 2, 3], 3), Sequence.OfFrames([3, 4, 5], 3)], Scaling.Standard);
        var model = new TrainedModel(network, new Codec(null, scaler, ["x", "y"], null));
        var explanation = Explain(model, model.Codec.EncodeFrames([[9, 8, 7]]));

        Assert.Empty(explanation.Running);
        Assert.Equal(3, explanation.Attributions.Length);
        Assert.Equal(Difference(explanation.Probabilities, model.Classify([model.Codec.EncodeFrames([[9, 3, 7]])])[0]), explanation.Attributions[1], 1e-5f);
    }

    [Fact]
    public void Who_leaves_ends_the_work()
    {
        var model = OfText(new TokenizerConfig());
        Assert.Throws<OperationCanceledException>(() => Explanation.Of(model, model.Codec.Encode("good"), new CancellationToken(canceled: true)));
    }
}
