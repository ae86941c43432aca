using Rnn.Cells;
using Rnn.Data;
using Rnn.Decoding;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Golden;
using Rnn.Tests.Kernels;

namespace Rnn.Tests.Decoding;

/// <summary>Emitting step by step is the same computation as reading the whole text, for every network that emits.</summary>
public sealed class TokenDecoderTests
{
    private const int Vocabulary = 13;
    private const int Begin = 1;
    private const int End = 2;
    private static readonly int[] s_text = [5, 3, 12, 7, 7, 4, End];
    private static readonly Sequence s_source = Sequence.OfTokens([4, 9, 1, 8, 3]);
    private static readonly Sequence s_features = Sequence.OfFrames([0.3f, -0.8f, 1.1f], 3);

    public static TheoryData<string, CellKind> Emitting()
    {
        var data = new TheoryData<string, CellKind>();
        foreach (var cell in new[] { CellKind.RnnTanh, CellKind.Gru, CellKind.Lstm })
            foreach (var kind in new[] { "language model", "zeros", "outputs", "None", "Additive", "Dot", "General", "feeding" }) data.Add(kind, cell);
        return data;
    }

    /// <summary>A network with weights, and what it reads.</summary>
    internal static (Network Network, Sequence? Input) Make(string kind, CellKind cell, int layers = 2)
    {
        var encoder = new EncoderConfig { VocabularySize = Vocabulary, EmbeddingSize = 6, Cell = cell, HiddenSize = 9, Layers = layers };
        CaptionerConfig captioner(Feedback feedback) => new() { FeatureSize = 3, VocabularySize = Vocabulary, Begin = Begin, End = End, EmbeddingSize = 6, HiddenSize = 9, Layers = layers, Cell = cell, Feedback = feedback };
        TranslatorConfig translator(AttentionKind attention, bool feeds = false) => new()
        {
            Encoder = encoder with { Bidirectional = attention is AttentionKind.Additive or AttentionKind.General },
            Decoder = new DecoderConfig { VocabularySize = Vocabulary, EmbeddingSize = 5, Cell = cell, HiddenSize = 9, Layers = feeds ? 1 : layers, Attention = attention, AttentionSize = 7, InputFeeding = feeds },
            Begin = Begin,
            End = End,
        };
        (Network Network, Sequence? Input) made = kind switch
        {
            "language model" => (new LanguageModel(new() { Encoder = encoder, Begin = Begin, End = End }), null),
            "zeros" => (new Captioner(captioner(Feedback.Zeros)), s_features),
            "outputs" => (new Captioner(captioner(Feedback.Outputs)), s_features),
            "feeding" => (new Translator(translator(AttentionKind.General, feeds: true)), s_source),
            _ => (new Translator(translator(Enum.Parse<AttentionKind>(kind))), s_source),
        };
        made.Network.Initialize(11);
        made.Network.Pack(training: false);
        return made;
    }

    /// <summary>Logits of the whole text at once.</summary>
    private static float[] Whole(Network network, Sequence? input)
    {
        // A language model's input is its text, moved by one.
        var reads = input ?? Sequence.OfTokens([Begin, .. s_text[..^1]]);
        var pass = network.CreatePass();
        pass.Assign(new ExampleSet([reads], [s_text]), [0]);
        return pass.Forward().ToArray();
    }

    [Theory]
    [MemberData(nameof(Emitting))]
    public void Step_by_step_gives_the_logits_of_the_whole_text(string kind, CellKind cell)
    {
        var (network, input) = Make(kind, cell);
        var decoder = network.CreateDecoder(input);
        var (state, logits, all) = (new float[decoder.StateSize], new float[Vocabulary], new List<float>());
        decoder.Start(state);
        foreach (var token in (int[])[decoder.Begin, .. s_text[..^1]])
        {
            decoder.Advance([token], state, logits);
            all.AddRange(logits);
        }

        GoldenResult.AssertClose(kind, [.. Whole(network, input).Select(v => (double)v)], [.. all.Select(v => (double)v)], 1e-5, 1e-6);
    }

    [Theory]
    [InlineData("Additive", 5)]
    [InlineData("Dot", 5)]
    [InlineData("feeding", 5)]
    [InlineData("None", 0)]
    [InlineData("language model", 0)]
    public void What_a_step_looked_back_at_is_told(string kind, int positions)
    {
        var (network, input) = Make(kind, CellKind.Gru);
        var decoder = network.CreateDecoder(input);
        var (state, logits) = (new float[decoder.StateSize], new float[Vocabulary]);
        decoder.Start(state);
        decoder.Advance([decoder.Begin], state, logits);
        Assert.Equal(positions, decoder.AttentionWeights.Length);
        if (positions > 0) Assert.Equal(1, decoder.AttentionWeights.ToArray().Sum(), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Emitting))]
    public void Rows_do_not_know_each_other_and_a_copied_state_is_a_fork(string kind, CellKind cell)
    {
        var (network, input) = Make(kind, cell);
        var decoder = network.CreateDecoder(input);
        var (one, logits) = (new float[decoder.StateSize], new float[Vocabulary]);
        decoder.Start(one);
        decoder.Advance([decoder.Begin], one, logits);
        float[] pair = [.. one, .. one];
        var both = new float[2 * Vocabulary];
        decoder.Advance([6, 3], pair, both);
        decoder.Advance([3], one, logits);
        Widths.AssertSameBits(both.AsSpan(Vocabulary), logits, "logits of the fork");
        Widths.AssertSameBits(pair.AsSpan(decoder.StateSize), one, "state of the fork");
        // Zero vectors after the value: what was emitted is not read back.
        Assert.Equal(kind == "zeros", both.Take(Vocabulary).SequenceEqual(logits));
    }

    [Theory]
    [MemberData(nameof(Emitting))]
    public void A_text_goes_on_from_its_state_as_if_it_had_not_stopped(string kind, CellKind cell)
    {
        var (network, input) = Make(kind, cell);
        int[] run(Generation text, int count) => [.. Enumerable.Range(0, count).Select(_ => text.Advance().Token)];
        Generation begin(GenerationState? from = null) => new(network.CreateDecoder(input), new SamplingConfig { Temperature = 0 }, 3, [End], from);
        var whole = run(begin(), 9);
        var first = begin();
        var head = run(first, 4);
        var kept = first.State;
        Assert.Equal(whole[4..], run(first, 5));
        // The kept state is a copy: it goes on from where it was taken, however often.
        Assert.Equal(whole[4..], run(begin(kept), 5));
        Assert.Equal(whole[..4], head);
    }

    [Fact]
    public void Only_networks_that_emit_have_a_decoder()
    {
        var labeler = new SequenceLabeler(new() { Encoder = new EncoderConfig { FeatureSize = 2, HiddenSize = 3 }, Classes = 2 });
        Assert.Throws<NotSupportedException>(() => labeler.CreateDecoder(null));
        Assert.Throws<ArgumentNullException>(() => Make("zeros", CellKind.Gru).Network.CreateDecoder(null));
        Assert.Throws<ArgumentNullException>(() => Make("Dot", CellKind.Gru).Network.CreateDecoder(null));
    }
}
