using Rnn.Cells;
using Rnn.Data;
using Rnn.Models;

namespace Rnn.Tests.Models;

/// <summary>What serving relies on: answers do not depend on company, order, thread or a trip through a file.</summary>
public sealed class TrainedModelTests
{
    private static readonly string[] s_texts = ["a good film", "a bad film", "not good , not bad", "good", "bad bad bad bad bad bad bad", "영화 재미있다", "unseen words only 🎬"];

    private static TrainedModel OfText(CellKind cell = CellKind.Lstm)
    {
        var tokenizer = Tokenizer.Train(s_texts[..5], new TokenizerConfig { TokenNgrams = 2 });
        var config = new SequenceClassifierConfig { Encoder = new() { VocabularySize = tokenizer.VocabularySize, EmbeddingSize = 6, Cell = cell, HiddenSize = 19, Bidirectional = true, Dropout = 0.5f }, Classes = 3 };
        return new TrainedModel(Networks.Of(config, 3), new Codec(tokenizer, null, ["neg", "neutral", "pos"], null));
    }

    private static TrainedModel OfFrames()
    {
        var config = new SequenceClassifierConfig { Encoder = new() { FeatureSize = 2, Cell = CellKind.Gru, HiddenSize = 5 }, Classes = 2 };
        var scaler = FrameScaler.Fit([Sequence.OfFrames([1, 2, 3, 4, 5, 7], 2)], Scaling.Robust);
        return new TrainedModel(Networks.Of(config, 3), new Codec(null, scaler, ["down", "up"], null));
    }

    [Theory]
    [InlineData(CellKind.RnnTanh)]
    [InlineData(CellKind.RnnRelu)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.Gru)]
    public void An_answer_has_the_same_bits_alone_in_a_batch_and_in_any_order(CellKind cell)
    {
        var model = OfText(cell);
        // More rows than one pass takes, so that passes end in the middle.
        Sequence[] inputs = [.. Enumerable.Range(0, 70).Select(i => model.Codec.Encode(s_texts[i % s_texts.Length] + string.Concat(Enumerable.Repeat(" good", i / 7))))];
        var together = model.Classify(inputs);
        var backwards = model.Classify([.. inputs.Reverse()]);
        for (var i = 0; i < inputs.Length; i++)
        {
            Assert.Equal(together[i], model.Classify([inputs[i]])[0]);
            Assert.Equal(together[i], backwards[^(i + 1)]);
            Assert.Equal(1, together[i].Sum(), 1e-5);
        }
    }

    [Fact]
    public void Saved_and_loaded_it_answers_with_the_same_bits()
    {
        var model = OfText();
        var stream = new MemoryStream();
        model.Save(stream, new Dictionary<string, string> { ["spec"] = "{}" });
        stream.Position = 0;
        var loaded = TrainedModel.Load(stream);

        Assert.Equal(model.Codec.Labels, loaded.Codec.Labels);
        foreach (var text in s_texts)
            Assert.Equal(model.Classify([model.Codec.Encode(text)])[0], loaded.Classify([loaded.Codec.Encode(text)])[0]);
        var again = new MemoryStream();
        loaded.Save(again, new Dictionary<string, string> { ["spec"] = "{}" });
        Assert.Equal(stream.ToArray(), again.ToArray());
    }

    [Fact]
    public void A_model_of_frames_survives_saving_with_its_scaler()
    {
        var model = OfFrames();
        var stream = new MemoryStream();
        model.Save(stream, new Dictionary<string, string>());
        stream.Position = 0;
        var loaded = TrainedModel.Load(stream);
        float[][] frames = [[1, 2], [3, -4], [100, 0]];
        Assert.Equal(model.Classify([model.Codec.EncodeFrames(frames)])[0], loaded.Classify([loaded.Codec.EncodeFrames(frames)])[0]);
    }

    [Fact]
    public async Task Many_threads_share_it()
    {
        var model = OfText();
        Sequence[] inputs = [.. s_texts.Select(model.Codec.Encode)];
        var want = model.Classify(inputs);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Enumerable.Range(0, 50).Select(_ => model.Classify(i % 2 == 0 ? inputs : [inputs[i % inputs.Length]])).ToArray(), TestContext.Current.CancellationToken)));
        for (var i = 0; i < answers.Length; i++)
            Assert.All(answers[i], answer => Assert.Equal(i % 2 == 0 ? want : [want[i % inputs.Length]], answer));
    }

    [Fact]
    public void The_wrong_kind_of_input_is_refused_with_what_to_send()
    {
        var (text, frames) = (OfText(), OfFrames());
        Assert.Contains("text", Assert.Throws<ArgumentException>(() => text.Codec.EncodeFrames([[1, 2]])).Message, StringComparison.Ordinal);
        Assert.Contains("numbers", Assert.Throws<ArgumentException>(() => frames.Codec.Encode("good")).Message, StringComparison.Ordinal);
        Assert.Contains("2", Assert.Throws<ArgumentException>(() => frames.Codec.EncodeFrames([[1, 2], [1, 2, 3]])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => frames.Codec.EncodeFrames([]));
        Assert.Throws<ArgumentException>(() => text.Codec.Encode("   \n\t"));
        Assert.Throws<ArgumentException>(() => text.Codec.EncodeTokens([]));
    }

    private static TrainedModel Labeler(CellKind cell, bool bidirectional = false)
    {
        var config = new SequenceLabelerConfig { Encoder = new() { FeatureSize = 3, Cell = cell, HiddenSize = 7, Layers = 2, Bidirectional = bidirectional }, Classes = 4 };
        var network = config.Build();
        network.Initialize(5);
        return new TrainedModel(network, new Codec(null, FrameScaler.Fit([Frames(50, 1)], Scaling.Robust), ["a", "b", "c", "d"], null));
    }

    private static Sequence Frames(int steps, int seed) => Sequence.OfFrames(Kernels.Widths.Random(steps * 3, seed), 3);

    private static Sequence Part(Sequence whole, int first, int steps) => Sequence.OfFrames(whole.Frames.Slice(first * 3, steps * 3), 3);

    [Theory]
    [InlineData(CellKind.RnnTanh)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.Gru)]
    public void One_and_seven_and_thirty_steps_with_their_states_are_thirty_eight_at_once(CellKind cell)
    {
        var (model, whole) = (Labeler(cell), Frames(38, 2));
        var want = model.Label([whole], [null])[0];
        var (got, state) = (new List<float>(), (float[]?)null);
        foreach (var (first, steps) in new[] { (0, 1), (1, 7), (8, 30) })
        {
            // In company of others, one of them longer and one in the middle of something else.
            var other = model.Label([Frames(9, 3)], [null])[0];
            var answers = model.Label([Frames(33, 4), Part(whole, first, steps), Frames(2, 5)], [null, state, other.State]);
            got.AddRange(answers[1].Probabilities);
            state = answers[1].State;
        }

        Kernels.Widths.AssertSameBits(want.Probabilities, [.. got], "probabilities");
        Kernels.Widths.AssertSameBits(want.State, state!, "state");
        Assert.Throws<ArgumentException>(() => model.Label([whole], [new float[3]]));
        Assert.Empty(Labeler(cell, bidirectional: true).Label([whole], [null])[0].State);
    }

    public static TheoryData<string> Emitting() => ["language model", "zeros", "outputs", "None", "Additive", "Dot", "General", "feeding"];

    [Theory]
    [MemberData(nameof(Emitting))]
    public void Every_network_that_emits_survives_saving(string kind)
    {
        var network = Decoding.TokenDecoderTests.Make(kind, CellKind.Gru).Network;
        // Ten letters, the unknown one, begin and end: the thirteen tokens of those networks.
        var tokenizer = Tokenizer.Train(["abcdefghij"], new TokenizerConfig { Kind = TokenizerKind.Char });
        var scaler = network is Captioner ? FrameScaler.Fit([Frames(1, 1), Frames(1, 2)], Scaling.Standard) : null;
        var model = new TrainedModel(network, new Codec(scaler is null ? tokenizer : null, scaler, [], tokenizer, MaxTokens: 37));
        var stream = new MemoryStream();
        model.Save(stream, new Dictionary<string, string>());
        stream.Position = 0;
        var loaded = TrainedModel.Load(stream);
        Assert.Equal(network.Config, loaded.Network.Config);
        Assert.Equal(network.Parameters.Values.ToArray(), loaded.Network.Parameters.Values.ToArray());
        Assert.Equal("abc", loaded.Codec.Output!.Decode(loaded.Codec.Output.EncodeTarget("abc")));
        Assert.Equal(37, loaded.Codec.MaxTokens);
        Assert.Throws<ArgumentException>(() => new TrainedModel(network, model.Codec with { Output = null }));
    }

    [Theory]
    [InlineData("network")]
    [InlineData("labels")]
    [InlineData("tokenizer")]
    public void A_file_without_its_metadata_is_refused(string missing)
    {
        var model = OfText();
        var stream = new MemoryStream();
        model.Save(stream, new Dictionary<string, string>());
        stream.Position = 0;
        var file = Rnn.Tensors.SafeTensors.Read(stream);
        var damaged = new MemoryStream();
        Rnn.Tensors.SafeTensors.Write(damaged, file.Tensors.Values, file.Metadata.Where(m => m.Key != missing).ToDictionary());
        damaged.Position = 0;
        Assert.Throws<InvalidDataException>(() => TrainedModel.Load(damaged));
    }

    [Theory]
    [InlineData("network", "{")]
    [InlineData("network", "null")]
    [InlineData("labels", "[1]")]
    [InlineData("labels", "[]")]
    [InlineData("tokenizer", "[]")]
    [InlineData("max_tokens", "0")]
    [InlineData("max_tokens", "many")]
    public void A_file_with_broken_metadata_is_refused(string key, string value)
    {
        var stream = new MemoryStream();
        OfText().Save(stream, new Dictionary<string, string>());
        stream.Position = 0;
        var file = Rnn.Tensors.SafeTensors.Read(stream);
        var damaged = new MemoryStream();
        Rnn.Tensors.SafeTensors.Write(damaged, file.Tensors.Values, new Dictionary<string, string>(file.Metadata) { [key] = value });
        damaged.Position = 0;
        Assert.Throws<InvalidDataException>(() => TrainedModel.Load(damaged));
    }
}
