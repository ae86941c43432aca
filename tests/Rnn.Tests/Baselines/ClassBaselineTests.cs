using Rnn.Baselines;
using Rnn.Data;

namespace Rnn.Tests.Baselines;

public sealed class ClassBaselineTests
{
    [Fact]
    public void The_majority_class_is_the_most_frequent_target_and_of_several_the_first()
    {
        Sequence[] inputs = [Sequence.OfTokens([1, 2, 3]), Sequence.OfTokens([4, 5])];
        Assert.Equal(2, MajorityClass.Fit(new ExampleSet(inputs, [new[] { 2, 0, 2 }, new[] { 1, -1 }]), 3).Class);
        var tied = MajorityClass.Fit(new ExampleSet(inputs, [new[] { 2, 1, 1 }, new[] { 2, ExampleSet.NoTarget }]), 3);
        Assert.Equal((1, 1), (tied.Class, tied.Answer(inputs[0], 2)));
    }

    [Fact]
    public void A_token_has_its_most_frequent_tag_and_a_new_one_that_of_all()
    {
        // Two ids a step, of which the first is the token.
        Sequence[] inputs = [Sequence.OfTokens([7, 1, 8, 1, 7, 2], 2), Sequence.OfTokens([7, 3, 9, 3, 8, 3], 2)];
        var tags = MostFrequentTag.Fit(new ExampleSet(inputs, [new[] { 1, 0, 1 }, new[] { 2, 2, 2 }]), 3);
        var asked = Sequence.OfTokens([7, 0, 8, 0, 9, 0, 5, 0], 2);
        // 7: twice 1 and once 2; 8: once each of 0 and 2, so the first; 9: 2; of all 2.
        Assert.Equal([1, 0, 2, 2], Enumerable.Range(0, 4).Select(step => tags.Answer(asked, step)));
    }

    /// <summary>Chapter 13 of Manning, Raghavan &amp; Schütze 2008, example 13.1: Chinese Beijing Chinese · Chinese Chinese Shanghai · Chinese Macao · Tokyo Japan Chinese.</summary>
    [Fact]
    public void Naive_bayes_decides_the_textbooks_example()
    {
        const int Chinese = 1, Beijing = 2, Shanghai = 3, Macao = 4, Tokyo = 5, Japan = 6, China = 0, Other = 1;
        var train = ExampleSet.OfClasses(
            [Tokens(Chinese, Beijing, Chinese), Tokens(Chinese, Chinese, Shanghai), Tokens(Chinese, Macao), Tokens(Tokyo, Japan, Chinese)], [China, China, China, Other]);
        var bayes = NaiveBayes.Fit(train, 2, orders: 1);
        // 3/4 · (3/7)³ · 1/14 · 1/14 against 1/4 · (2/9)³ · 2/9 · 2/9: the book's 0.0003 and 0.0001.
        Assert.Equal(China, bayes.Answer(Tokens(Chinese, Chinese, Chinese, Tokyo, Japan), 0));
        // One Chinese fewer turns it: 0.00070 against 0.00061; two: 0.00164 against 0.00274.
        Assert.Equal(China, bayes.Answer(Tokens(Chinese, Chinese, Tokyo, Japan), 0));
        Assert.Equal(Other, bayes.Answer(Tokens(Chinese, Tokyo, Japan), 0));
        // Neither a token that training has not seen nor the unknown one counts.
        Assert.Equal(Other, bayes.Answer(Tokens(99, Chinese, Vocabulary.Unknown, Tokyo, Japan, 7), 0));
        Assert.Equal(China, bayes.Answer(Tokens(99), 0));
    }

    /// <summary>Random texts against products of probabilities over a dictionary of strings.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Naive_bayes_is_the_product_of_the_probabilities_of_its_ngrams(int orders)
    {
        const int Classes = 3;
        var random = new Random(orders);
        int[][] texts = [.. Enumerable.Range(0, 120).Select(i => Enumerable.Range(0, 1 + random.Next(8)).Select(_ => 1 + Math.Min(random.Next(9), random.Next(4 + 3 * (i % Classes)))).ToArray())];
        int[] labels = [.. texts.Select((_, i) => i % 7 == 0 ? random.Next(Classes) : i % Classes)];
        string[] grams(int[] text) => [.. Enumerable.Range(1, orders).SelectMany(n => Enumerable.Range(0, Math.Max(0, text.Length - n + 1)).Select(i => string.Join(' ', text.Skip(i).Take(n))))];
        var train = texts.Take(90).ToArray();
        // Pairs and more count from their second time on, their beginnings too.
        var known = train.SelectMany(grams).CountBy(gram => gram).Where(pair => pair.Value > 1 || !pair.Key.Contains(' ')).Select(pair => pair.Key).ToHashSet();
        var bayes = NaiveBayes.Fit(ExampleSet.OfClasses([.. train.Select(text => Tokens(text))], labels[..90]), Classes, orders);
        foreach (var text in texts)
        {
            double[] scores = [.. Enumerable.Range(0, Classes).Select(c =>
            {
                string[] own = [.. train.Where((_, i) => labels[i] == c).SelectMany(grams).Where(known.Contains)];
                return Math.Log(labels[..90].Count(label => label == c)) + grams(text).Where(known.Contains).Sum(gram => Math.Log((own.Count(other => other == gram) + 1.0) / (own.Length + known.Count)));
            })];
            Assert.Equal(scores.Max(), scores[bayes.Answer(Tokens(text), 0)], 1e-9);
        }
    }

    private static Sequence Tokens(params int[] ids) => Sequence.OfTokens(ids);
}
