using Rnn.Cells;
using Rnn.Data;
using Rnn.Decoding;
using Rnn.Models;
using Rnn.Tensors;

namespace Rnn.Tests.Decoding;

/// <summary>Choosing tokens: sampling, prompts, seeds, beams, stops.</summary>
public sealed class DecodingTests
{
    private static readonly float[] s_logits = [0.4f, 2.1f, -1.3f, 0.9f, 2.1f, -0.2f];

    [Fact]
    public void Draws_follow_the_probabilities()
    {
        var probabilities = new Sampler(new SamplingConfig { TopK = 4 }, s_logits.Length).Probabilities(s_logits).ToArray();
        var (random, counts) = (new RandomSource(5), new int[s_logits.Length]);
        for (var i = 0; i < 20_000; i++) counts[Sampler.Draw(probabilities, ref random)]++;
        for (var token = 0; token < counts.Length; token++) Assert.InRange(counts[token] / 20_000.0, probabilities[token] - 0.015, probabilities[token] + 0.015);
        Assert.Equal(0, counts[2] + counts[5]);
    }

    [Fact]
    public void A_repetition_penalty_makes_what_was_emitted_less_likely_whatever_its_sign()
    {
        var plain = new Sampler(new SamplingConfig(), s_logits.Length).Probabilities(s_logits).ToArray();
        var penalised = new Sampler(new SamplingConfig { RepetitionPenalty = 1.5 }, s_logits.Length).Probabilities(s_logits, [1, 2, 1]).ToArray();
        // Once, however often it was emitted: 2.1 / 1.5 and -1.3 · 1.5.
        float[] changed = [0.4f, 2.1f / 1.5f, -1.3f * 1.5f, 0.9f, 2.1f, -0.2f];
        var want = new Sampler(new SamplingConfig(), s_logits.Length).Probabilities(changed).ToArray();
        Assert.Equal(want, penalised, (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.True(penalised[1] < plain[1] && penalised[2] < plain[2]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1e-46)]
    [InlineData(1e-45)]
    [InlineData(1e-30)]
    public void However_small_the_temperature_the_best_token_is_drawn(double temperature) =>
        Assert.Equal([0, 0, 0, 0, 1, 0], new Sampler(new SamplingConfig { Temperature = temperature }, 6).Probabilities([0.4f, 2, -1.3f, 0.9f, 2.1f, float.NegativeInfinity]).ToArray());

    [Theory]
    [InlineData(7, 1)]
    [InlineData(0, 0.6)]
    [InlineData(40, 0.9)]
    [InlineData(300, 0.05)]
    public void What_is_kept_is_what_a_sort_would_keep(int topK, double topP)
    {
        var random = new Random(4);
        // Few values, so that many are equal: the smaller id comes first.
        float[] logits = [.. Enumerable.Range(0, 300).Select(_ => random.Next(12) / 3f)];
        var all = new Sampler(new SamplingConfig(), logits.Length).Probabilities(logits).ToArray();
        var order = Enumerable.Range(0, logits.Length).OrderByDescending(token => all[token]).ToArray();
        int[] kept = topK > 0 ? order[..topK] : order;
        var total = kept.Sum(token => (double)all[token]);
        var sums = kept.Select((_, i) => kept.Take(i).Sum(token => all[token] / total)).ToArray();
        kept = [.. kept.Where((_, i) => i == 0 || topP == 1 || sums[i] < topP)];
        var got = new Sampler(new SamplingConfig { TopK = topK, TopP = topP }, logits.Length).Probabilities(logits).ToArray();
        Assert.Equal(kept.Order(), Enumerable.Range(0, got.Length).Where(token => got[token] > 0));
        Assert.Equal(1, got.Sum(), 1e-5f);
    }

    [Fact]
    public void One_seed_draws_one_text_and_another_seed_another()
    {
        var (network, _) = TokenDecoderTests.Make("language model", CellKind.Lstm);
        int[] draw(ulong seed)
        {
            var text = new Generation(network.CreateDecoder(null), new SamplingConfig { Temperature = 1.2 }, seed, [2]);
            return [.. Enumerable.Range(0, 40).Select(_ => text.Advance().Token)];
        }

        Assert.Equal(draw(7), draw(7));
        Assert.NotEqual(draw(7), draw(8));
        Assert.DoesNotContain(2, draw(7));
    }

    [Fact]
    public void A_prompt_is_read_as_if_it_had_been_emitted()
    {
        var (network, _) = TokenDecoderTests.Make("language model", CellKind.Gru);
        Generation begin() => new(network.CreateDecoder(null), new SamplingConfig { Temperature = 0 }, 1, [2]);
        var whole = begin();
        int[] emitted = [.. Enumerable.Range(0, 8).Select(_ => whole.Advance().Token)];
        var prompted = begin();
        prompted.Read(emitted.AsSpan(0, 3));
        Assert.Equal(emitted[3..], Enumerable.Range(0, 5).Select(_ => prompted.Advance().Token));
    }

    [Fact]
    public void A_fork_goes_on_alone_and_draws_as_its_seed_says()
    {
        var (network, _) = TokenDecoderTests.Make("language model", CellKind.Lstm);
        Generation begin(ulong seed)
        {
            var text = new Generation(network.CreateDecoder(null), new SamplingConfig { RepetitionPenalty = 1.3 }, seed, [2]);
            text.Read([4, 5, 6]);
            return text;
        }

        int[] next(Generation text) => [.. Enumerable.Range(0, 20).Select(_ => text.Advance().Token)];
        var origin = begin(7);
        var fork = origin.Fork(8);
        // By turns: neither moves the other, although they share a decoder.
        var (a, b) = (new List<int>(), new List<int>());
        for (var i = 0; i < 20; i++)
        {
            a.Add(origin.Advance().Token);
            b.Add(fork.Advance().Token);
        }

        Assert.Equal(next(begin(7)), a);
        Assert.Equal(next(begin(8)), b);
    }

    [Fact]
    public void Given_tokens_are_scored_as_drawn_ones()
    {
        var (network, input) = TokenDecoderTests.Make("General", CellKind.Gru);
        Generation begin() => new(network.CreateDecoder(input), new SamplingConfig(), 3, [0]);
        var (drawn, given) = (begin(), begin());
        while (!drawn.IsFinished)
        {
            var token = drawn.Advance();
            Assert.Equal(token, given.Advance(token.Token));
        }

        Assert.True(given.IsFinished);
        Assert.Equal(drawn.State.Values.ToArray(), given.State.Values.ToArray());
        Assert.Throws<InvalidOperationException>(() => given.Advance(4));
    }

    [Fact]
    public void A_beam_with_nothing_left_to_follow_is_over()
    {
        var (network, input) = TokenDecoderTests.Make("None", CellKind.Gru);
        int[] allButEnd = [.. Enumerable.Range(0, 13).Where(token => token != 2)];
        Assert.Equal([2], Assert.Single(Search(network, input, 4, 5, 0.6, allButEnd)).Tokens);
    }

    [Fact]
    public void After_its_end_a_text_does_not_go_on()
    {
        var (network, input) = TokenDecoderTests.Make("Additive", CellKind.Gru);
        var text = new Generation(network.CreateDecoder(input), new SamplingConfig(), 1, [.. Enumerable.Range(0, 13).Where(token => token != 2)]);
        Assert.Equal(2, text.Advance().Token);
        Assert.True(text.IsFinished);
        Assert.Throws<InvalidOperationException>(() => text.Advance());
    }

    /// <summary>With room for every hypothesis beam search is exhaustive.</summary>
    [Fact]
    public void A_beam_as_wide_as_all_texts_finds_the_best()
    {
        var (network, input) = TokenDecoderTests.Make("General", CellKind.Lstm, layers: 1);
        var decoder = network.CreateDecoder(input);
        int[] forbidden = [.. Enumerable.Range(5, 8)];
        var texts = from a in Enumerable.Range(0, 5) from b in Enumerable.Range(0, 5) from c in Enumerable.Range(0, 5) select (int[])[a, b, c];
        var ended = texts.Select(text => (int[])[.. text.TakeWhile(token => token != decoder.End), .. text.Contains(decoder.End) ? (int[])[decoder.End] : []]).DistinctBy(text => string.Join(' ', text));
        var best = ended.Select(text => (text, Score: LogProbability(network, input, text, forbidden) / Math.Pow((5.0 + text.Length) / 6, 0.6))).MaxBy(pair => pair.Score);

        var found = Search(network, input, 125, 3, 0.6, forbidden)[0];
        Assert.Equal(best.text, found.Tokens);
        Assert.Equal(best.Score, found.Score(0.6), 5);
    }

    private static IReadOnlyList<Hypothesis> Search(Network network, Sequence? input, int width, int longest, double alpha, int[] forbidden)
    {
        var decoder = network.CreateDecoder(input);
        var start = new float[decoder.StateSize];
        decoder.Start(start);
        return new BeamSearch(decoder, width, forbidden).Search(start, decoder.Begin, longest, alpha);
    }

    private static double LogProbability(Network network, Sequence? input, int[] text, int[] forbidden)
    {
        var decoder = network.CreateDecoder(input);
        var (state, logits, total) = (new float[decoder.StateSize], new float[decoder.Outputs], 0.0);
        decoder.Start(state);
        for (var t = 0; t < text.Length; t++)
        {
            decoder.Advance([t == 0 ? decoder.Begin : text[t - 1]], state, logits);
            var kept = Enumerable.Range(0, logits.Length).Except(forbidden).Select(token => Math.Exp(logits[token])).Sum();
            total += logits[text[t]] - Math.Log(kept);
        }

        return total;
    }

    [Theory]
    [InlineData("abcabd", "abd", "abc")]
    [InlineData("one. Two. three", ". T,thr", "one")]
    [InlineData("no stop here", "xyz,here!", "no stop here")]
    [InlineData("aaab", "aab", "a")]
    public void A_stop_ends_the_text_before_it_however_the_text_is_cut(string text, string stops, string want)
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var (random, shown, stop) = (new Random(seed), "", new StopSequences(stops.Split(',')));
            for (var at = 0; at < text.Length && !stop.IsFound;)
            {
                var length = Math.Min(text.Length - at, 1 + random.Next(3));
                shown += stop.Add(text.Substring(at, length));
                Assert.StartsWith(shown, want, StringComparison.Ordinal);
                at += length;
            }

            Assert.Equal(want != text, stop.IsFound);
            Assert.Equal(want, shown + (stop.IsFound ? "" : stop.Rest()));
        }
    }
}
