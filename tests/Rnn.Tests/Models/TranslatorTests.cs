using Rnn.Cells;
using Rnn.Data;
using Rnn.Decoding;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Training;

namespace Rnn.Tests.Models;

/// <summary>Reading all and then emitting: what a translator learns, and what it refuses.</summary>
public sealed class TranslatorTests
{
    private const int Begin = 8;
    private const int End = 9;

    private static Translator Model(AttentionKind attention, bool bidirectional, CellKind cell = CellKind.Gru) => new(new()
    {
        Encoder = new EncoderConfig { VocabularySize = 8, EmbeddingSize = 16, Cell = cell, HiddenSize = bidirectional ? 24 : 48, Bidirectional = bidirectional },
        Decoder = new DecoderConfig { VocabularySize = 10, EmbeddingSize = 16, Cell = cell, HiddenSize = 48, Attention = attention, AttentionSize = 32 },
        Begin = Begin,
        End = End,
    });

    /// <summary>Sources of 2 to 6 tokens; the target is the source backwards.</summary>
    private static ExampleSet Reversals(int count, int seed)
    {
        var random = new Random(seed);
        int[][] sources = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, random.Next(2, 7)).Select(_ => random.Next(1, 8)).ToArray())];
        return new ExampleSet([.. sources.Select(s => Sequence.OfTokens(s))], [.. sources.Select(s => new ReadOnlyMemory<int>([.. s.Reverse(), End]))]);
    }

    [Theory]
    [InlineData(AttentionKind.None, true, 0f)]
    [InlineData(AttentionKind.Additive, true, 0.2f)]
    [InlineData(AttentionKind.Dot, true, 0f)]
    [InlineData(AttentionKind.General, false, 0f)]
    public void It_learns_to_turn_a_sequence_around(AttentionKind attention, bool bidirectional, float scheduledSampling)
    {
        var (train, unseen) = (Reversals(2000, 1), Reversals(100, 2));
        var model = Model(attention, bidirectional);
        model.Initialize(3);
        using var shards = new BatchShards(2);
        var loop = new TrainingLoop(model, train, unseen, new TrainingConfig { Epochs = 12, LearningRate = 0.01, ScheduledSampling = scheduledSampling, Seed = 2 }, shards);
        while (!loop.Finished) loop.Advance();
        loop.TakeBest();

        var right = Enumerable.Range(0, unseen.Count).Count(row => Emit(model, unseen.Inputs[row]).SequenceEqual(unseen.Targets[row].ToArray()));
        // Without attention one state must hold everything; it does for most.
        Assert.InRange(right, attention == AttentionKind.None ? 80 : 95, 100);
    }

    private static List<int> Emit(Translator model, Sequence source)
    {
        var text = new Generation(model.CreateDecoder(source), new SamplingConfig { Temperature = 0 }, 1);
        var tokens = new List<int>();
        while (!text.IsFinished && tokens.Count < 10) tokens.Add(text.Advance().Token);
        return tokens;
    }

    [Fact]
    public void Scheduled_sampling_reads_what_the_network_chose_at_the_rate_asked_for()
    {
        var (set, model) = (Reversals(64, 5), Model(AttentionKind.Additive, true));
        model.Initialize(1);
        model.Pack(training: true);
        int[] read(float rate)
        {
            var pass = (TranslatorPass)model.CreatePass();
            pass.Assign(set, [.. Batching.ByLength(set, 64).Single()]);
            pass.ReplaceByChosen(rate, 9);
            return pass.Target.Inputs.ToArray();
        }

        var (forced, half, free) = (read(0), read(0.5f), read(1));
        var layout = ((TranslatorPass)Assigned(model, set)).Target.Layout;
        Assert.Equal(forced.Take(layout.Rows), free.Take(layout.Rows));
        Assert.All(forced.Take(layout.Rows), token => Assert.Equal(Begin, token));
        var differ = Enumerable.Range(layout.Rows, forced.Length - layout.Rows).Where(i => forced[i] != free[i]).ToArray();
        Assert.InRange(differ.Count(i => half[i] == free[i]) / (double)differ.Length, 0.35, 0.65);
        Assert.All(differ, i => Assert.True(half[i] == free[i] || half[i] == forced[i]));
    }

    private static NetworkPass Assigned(Translator model, ExampleSet set)
    {
        var pass = model.CreatePass();
        pass.Assign(set, [.. Batching.ByLength(set, 64).Single()]);
        return pass;
    }

    [Fact]
    public void Parts_that_do_not_fit_are_refused_with_their_sizes()
    {
        static Translator of(DecoderConfig decoder, int encoderHidden) => new(new() { Encoder = new EncoderConfig { VocabularySize = 5, EmbeddingSize = 3, HiddenSize = encoderHidden }, Decoder = decoder, Begin = 1, End = 2 });
        var decoder = new DecoderConfig { VocabularySize = 5, EmbeddingSize = 3, HiddenSize = 7, Attention = AttentionKind.Dot };
        var sizes = Assert.Throws<ArgumentException>(() => of(decoder, 4));
        Assert.Contains("a state of 7 with outputs of 4", sizes.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => of(decoder with { InputFeeding = true, Layers = 2 }, 7));
        Assert.Throws<ArgumentException>(() => of(decoder with { InputFeeding = true, Attention = AttentionKind.Additive }, 7));
    }
}
