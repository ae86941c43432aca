using Rnn.Metrics;

namespace Rnn.Tests.Metrics;

public sealed class BootstrapTests
{
    /// <summary>For a mean of n coins the interval is near the analytic one, p ± 1.96 √(p(1-p)/n).</summary>
    [Theory]
    [InlineData(400, 0.5)]
    [InlineData(1_000, 0.76)]
    [InlineData(2_500, 0.93)]
    public void The_interval_of_an_accuracy_is_the_binomial_one(int rows, double accuracy)
    {
        var right = (int)(rows * accuracy);
        var statistics = SufficientStatistics.OfMean(Enumerable.Range(0, rows).Select(row => (row < right ? 1.0 : 0.0, 1)));
        var half = 1.96 * Math.Sqrt(accuracy * (1 - accuracy) / rows);

        var (low, high) = Bootstrap.Interval(statistics);

        Assert.Equal(accuracy, statistics.Value, 1e-12);
        Assert.InRange(low, accuracy - 1.15 * half, accuracy - 0.85 * half);
        Assert.InRange(high, accuracy + 0.85 * half, accuracy + 1.15 * half);
    }

    /// <summary>Of intervals around samples about 95 % hold the true mean.</summary>
    [Fact]
    public void The_interval_covers_the_true_mean_as_often_as_it_says()
    {
        var random = new Random(1);
        var covered = Enumerable.Range(0, 200).Count(_ =>
        {
            var (low, high) = Bootstrap.Interval(SufficientStatistics.OfMean([.. Enumerable.Range(0, 150).Select(_ => (random.NextDouble() < 0.7 ? 1.0 : 0.0, 1))]));
            return low <= 0.7 && 0.7 <= high;
        });
        Assert.InRange(covered, 180, 199);
    }

    /// <summary>Twenty sequences that are right or wrong as a whole are twenty draws, however long they are.</summary>
    [Fact]
    public void Sequences_are_drawn_and_not_their_steps()
    {
        var (low, high) = Bootstrap.Interval(SufficientStatistics.OfMean(Enumerable.Range(0, 20).Select(row => (row % 2 * 100.0, 100))));
        var half = 1.96 * Math.Sqrt(0.25 / 20);
        Assert.InRange(high - low, 1.6 * half, 2.4 * half);
    }

    [Fact]
    public void The_paired_test_is_sure_of_a_clear_difference_undecided_about_none_and_symmetrical()
    {
        var random = new Random(2);
        double[] difficulty = [.. Enumerable.Range(0, 500).Select(_ => random.NextDouble())];
        SufficientStatistics answers(double skill) => SufficientStatistics.OfMean([.. difficulty.Select(hard => (hard < skill ? 1.0 : 0.0, 1))]);
        var (weak, same, strong) = (answers(0.7), answers(0.7), answers(0.72));

        // The same rows are easy for both: a difference too small for two intervals is sure in pairs.
        Assert.True(Bootstrap.Interval(weak).High > strong.Value);
        Assert.True(Bootstrap.ShareHigher(strong, weak) > 0.99);
        Assert.Equal(0, Bootstrap.ShareHigher(weak, strong));
        Assert.Equal(0, Bootstrap.ShareHigher(weak, same));

        // Two coins: neither is better, and wins, losses and ties are all there is.
        SufficientStatistics coin(int seed) => SufficientStatistics.OfMean([.. Coins(seed)]);
        var (first, second) = (coin(3), coin(4));
        var (wins, losses) = (Bootstrap.ShareHigher(first, second), Bootstrap.ShareHigher(second, first));
        Assert.InRange(wins, 0.02, 0.98);
        Assert.InRange(wins + losses, 0.85, 1);
        Assert.Throws<ArgumentException>(() => Bootstrap.ShareHigher(first, answers(0.5)));
    }

    [Fact]
    public void A_bleu_of_selected_texts_is_that_of_the_corpus_they_make()
    {
        (IReadOnlyList<string> Hypothesis, IReadOnlyList<IReadOnlyList<string>> References)[] corpus =
        [
            (Bleu.Words("the cat sat on the mat ."), [Bleu.Words("a cat sat on the mat .")]),
            (Bleu.Words("two dogs run in the snow"), [Bleu.Words("two dogs are running in the snow"), Bleu.Words("dogs run in the snow")]),
            (Bleu.Words("hello"), [Bleu.Words("good morning to all of you")]),
        ];
        var statistics = SufficientStatistics.OfBleu(corpus.Select(text => Bleu.Score([text])));

        Assert.Equal(3, statistics.Rows);
        Assert.Equal(Bleu.Score(corpus).Bleu, statistics.Value, 1e-12);
        Assert.Equal(Bleu.Score([corpus[1], corpus[0], corpus[1]]).Bleu, statistics.Of([1, 0, 1]), 1e-12);
        Assert.Equal(0, statistics.Of([2]));
    }

    private static IEnumerable<(double, int)> Coins(int seed)
    {
        var random = new Random(seed);
        return Enumerable.Range(0, 300).Select(_ => ((double)random.Next(2), 1));
    }
}
