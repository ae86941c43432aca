using Rnn.Cells;
using Rnn.Data;
using Rnn.Models;

namespace Rnn.Tests.Models;

/// <summary>What serving relies on: answers do not depend on company, order, thread or a trip through a file.</summary>
public sealed class TrainedClassifierTests
{
    private static readonly string[] s_texts = ["a good film", "a bad film", "not good , not bad", "good", "bad bad bad bad bad bad bad", "영화 재미있다", "unseen words only 🎬"];

    private static TrainedClassifier OfText(CellKind cell = CellKind.Lstm)
    {
        var tokenizer = Tokenizer.Train(s_texts[..5], new TokenizerConfig { TokenNgrams = 2 });
        var config = new SequenceClassifierConfig { Encoder = new() { VocabularySize = tokenizer.VocabularySize, EmbeddingSize = 6, Cell = cell, HiddenSize = 19, Bidirectional = true, Dropout = 0.5f }, Classes = 3 };
        return new TrainedClassifier(Networks.Of(config, 3), tokenizer, null, ["neg", "neutral", "pos"]);
    }

    private static TrainedClassifier OfFrames()
    {
        var config = new SequenceClassifierConfig { Encoder = new() { FeatureSize = 2, Cell = CellKind.Gru, HiddenSize = 5 }, Classes = 2 };
        var scaler = FrameScaler.Fit([Sequence.OfFrames([1, 2, 3, 4, 5, 7], 2)], Scaling.Robust);
        return new TrainedClassifier(Networks.Of(config, 3), null, scaler, ["down", "up"]);
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
        Sequence[] inputs = [.. Enumerable.Range(0, 70).Select(i => model.Encode(s_texts[i % s_texts.Length] + string.Concat(Enumerable.Repeat(" good", i / 7))))];
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
        var loaded = TrainedClassifier.Load(stream);

        Assert.Equal(model.Labels, loaded.Labels);
        foreach (var text in s_texts)
            Assert.Equal(model.Classify([model.Encode(text)])[0], loaded.Classify([loaded.Encode(text)])[0]);
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
        var loaded = TrainedClassifier.Load(stream);
        float[][] frames = [[1, 2], [3, -4], [100, 0]];
        Assert.Equal(model.Classify([model.EncodeFrames(frames)])[0], loaded.Classify([loaded.EncodeFrames(frames)])[0]);
    }

    [Fact]
    public async Task Many_threads_share_it()
    {
        var model = OfText();
        Sequence[] inputs = [.. s_texts.Select(model.Encode)];
        var want = model.Classify(inputs);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Enumerable.Range(0, 50).Select(_ => model.Classify(i % 2 == 0 ? inputs : [inputs[i % inputs.Length]])).ToArray(), TestContext.Current.CancellationToken)));
        for (var i = 0; i < answers.Length; i++)
            Assert.All(answers[i], answer => Assert.Equal(i % 2 == 0 ? want : [want[i % inputs.Length]], answer));
    }

    [Fact]
    public void The_wrong_kind_of_input_is_refused_with_what_to_send()
    {
        var (text, frames) = (OfText(), OfFrames());
        Assert.Contains("text", Assert.Throws<ArgumentException>(() => text.EncodeFrames([[1, 2]])).Message, StringComparison.Ordinal);
        Assert.Contains("frames", Assert.Throws<ArgumentException>(() => frames.Encode("good")).Message, StringComparison.Ordinal);
        Assert.Contains("2", Assert.Throws<ArgumentException>(() => frames.EncodeFrames([[1, 2], [1, 2, 3]])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => frames.EncodeFrames([]));
        Assert.Throws<ArgumentException>(() => text.Encode("   \n\t"));
        Assert.Throws<ArgumentException>(() => text.EncodeTokens([]));
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
        Assert.Throws<InvalidDataException>(() => TrainedClassifier.Load(damaged));
    }

    [Theory]
    [InlineData("network", "{")]
    [InlineData("network", "null")]
    [InlineData("labels", "[1]")]
    [InlineData("labels", "[]")]
    [InlineData("tokenizer", "[]")]
    public void A_file_with_broken_metadata_is_refused(string key, string value)
    {
        var stream = new MemoryStream();
        OfText().Save(stream, new Dictionary<string, string>());
        stream.Position = 0;
        var file = Rnn.Tensors.SafeTensors.Read(stream);
        var damaged = new MemoryStream();
        Rnn.Tensors.SafeTensors.Write(damaged, file.Tensors.Values, new Dictionary<string, string>(file.Metadata) { [key] = value });
        damaged.Position = 0;
        Assert.Throws<InvalidDataException>(() => TrainedClassifier.Load(damaged));
    }
}
