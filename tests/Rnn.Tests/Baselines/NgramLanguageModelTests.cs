using Rnn.Baselines;
using Rnn.Data;

namespace Rnn.Tests.Baselines;

public sealed class NgramLanguageModelTests
{
    /// <summary>Words of a, b and c: "abab", asked "ab" after "a".</summary>
    [Fact]
    public void A_bigram_is_mixed_with_shorter_ones_by_hand()
    {
        var train = TextStream.Windows(new[] { 0, 1, 0, 1 }, 1, 2);
        var asked = TextStream.Windows(new[] { 0, 1, 2 }, 1, 10);
        // Unigrams: a and b twice each, two different ones of four; below them 1/3.
        var (b, c) = ((2 + 2 * (1.0 / 3)) / (4 + 2), (0 + 2 * (1.0 / 3)) / (4 + 2));
        // After a came b twice and nothing else, after b came a once.
        var (afterA, afterB) = ((2 + 1 * b) / (2 + 1), (0 + 1 * c) / (1 + 1));

        var row = Assert.Single(NgramLanguageModel.Measure(train, asked, 2, 3));

        Assert.Equal(2, row.Targets);
        Assert.Equal(-Math.Log(afterA) - Math.Log(afterB), row.Loss, 1e-12);
    }

    /// <summary>Every order, lane and window against counts taken of strings.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    [InlineData(6, 1)]
    public void Losses_are_those_of_the_recursion_over_strings(int order, int lanes)
    {
        const int Vocabulary = 5;
        var random = new Random(order);
        int[] text(int length) => [.. Enumerable.Range(0, length).Select(i => Math.Min(random.Next(3), random.Next(4)) + i % 2)];
        var (train, asked) = (TextStream.Windows(text(200), lanes, 7), TextStream.Windows(text(90), lanes, 11));
        string[] counted = Lanes(train);
        string[] lanesAsked = Lanes(asked);
        int count(string gram) => counted.Sum(lane => Enumerable.Range(0, lane.Length).Count(i => string.CompareOrdinal(lane, i, gram, 0, gram.Length) == 0));
        double probability(string context, char token, int n)
        {
            if (n == 0) return 1.0 / Vocabulary;
            var lower = n == 1 ? 1.0 / Vocabulary : probability(context[1..], token, n - 1);
            int[] next = [.. Enumerable.Range(0, Vocabulary).Select(v => count(context + (char)('a' + v)))];
            var different = next.Count(c => c > 0);
            return next.Sum() == 0 ? lower : (next[token - 'a'] + different * lower) / (next.Sum() + different);
        }

        var rows = NgramLanguageModel.Measure(train, asked, order, Vocabulary);

        Assert.Equal(asked.Targets.Select(target => target.Length), rows.Select(row => row.Targets));
        for (var row = 0; row < rows.Length; row++)
        {
            var lane = lanesAsked[row % lanes];
            var first = 1 + row / lanes * 11;
            var want = Enumerable.Range(first, rows[row].Targets).Sum(i =>
            {
                var n = Math.Min(order, i + 1);
                return -Math.Log(probability(lane[(i - n + 1)..i], lane[i], n));
            });
            Assert.Equal(want, rows[row].Loss, 1e-9);
        }
    }

    private static string[] Lanes(ExampleSet stream) =>
    [
        .. Enumerable.Range(0, stream.Lanes).Select(lane => new string([
            (char)('a' + stream.Inputs[lane].Ids.Span[0]),
            .. Enumerable.Range(0, stream.Count).Where(row => row % stream.Lanes == lane).SelectMany(row => stream.Targets[row].ToArray()).Select(id => (char)('a' + id)),
        ])),
    ];
}
