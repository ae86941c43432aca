using Rnn.Baselines;
using Rnn.Data;

namespace Rnn.Tests.Baselines;

public sealed class NearestSourceTests
{
    [Fact]
    public void A_vector_gets_the_commonest_text_of_the_nearest_ones()
    {
        Sequence[] sources = [Vector(0, 0), Vector(4, 0), Vector(0, 0), Vector(0, 0), Vector(4, 0)];
        var nearest = NearestSource.Fit(sources, ["a", "b", "c", "c", "d"], orders: 1);
        Assert.Equal("c", nearest.Answer(Vector(1, 1.5f)));
        // As common: the first.
        Assert.Equal("b", nearest.Answer(Vector(3, 1)));
        // As near: of all the commonest.
        Assert.Equal("c", nearest.Answer(Vector(2, 7)));
    }

    /// <summary>Cosines of tf-idf weights computed over strings.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_text_gets_that_of_the_source_with_the_smallest_angle(int orders)
    {
        var random = new Random(orders);
        int[][] texts = [.. Enumerable.Range(0, 60).Select(_ => Enumerable.Range(0, 1 + random.Next(6)).Select(_ => 1 + Math.Min(random.Next(12), random.Next(12))).ToArray())];
        var (train, asked) = (texts[..40], texts[40..]);
        string[] grams(int[] text) => [.. Enumerable.Range(1, orders).SelectMany(n => Enumerable.Range(0, Math.Max(0, text.Length - n + 1)).Select(i => string.Join(' ', text.Skip(i).Take(n))))];
        var known = train.SelectMany(grams).CountBy(gram => gram).Where(pair => pair.Value > 1 || !pair.Key.Contains(' ')).Select(pair => pair.Key).ToHashSet();
        Dictionary<string, double> weights(int[] text)
        {
            var tfidf = grams(text).Where(known.Contains).CountBy(gram => gram)
                .ToDictionary(pair => pair.Key, pair => pair.Value * (Math.Log(41.0 / (1 + train.Count(row => grams(row).Contains(pair.Key)))) + 1));
            var norm = Math.Sqrt(tfidf.Values.Sum(weight => weight * weight));
            return tfidf.ToDictionary(pair => pair.Key, pair => pair.Value / norm);
        }

        var nearest = NearestSource.Fit([.. train.Select(text => Sequence.OfTokens(text))], [.. train.Select((_, i) => $"text {i}")], orders);
        foreach (var text in asked)
        {
            var query = weights(text);
            double[] cosines = [.. train.Select(row => weights(row).Sum(pair => pair.Value * query.GetValueOrDefault(pair.Key)))];
            Assert.Equal(cosines.Max(), cosines[int.Parse(nearest.Answer(Sequence.OfTokens(text))[5..])], 1e-5);
        }
    }

    [Fact]
    public void A_source_without_a_known_token_gets_the_commonest_text()
    {
        var nearest = NearestSource.Fit([Sequence.OfTokens([1, 2]), Sequence.OfTokens([2]), Sequence.OfTokens([3])], ["a", "b", "b"], orders: 2);
        Assert.Equal("b", nearest.Answer(Sequence.OfTokens([9, Vocabulary.Unknown])));
    }

    private static Sequence Vector(params float[] values) => Sequence.OfFrames(values, values.Length);
}
