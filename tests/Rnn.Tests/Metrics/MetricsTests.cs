using Rnn.Metrics;

namespace Rnn.Tests.Metrics;

/// <summary>What the reference figures do not reach: spans, empty corpora, merging; the rest is compared with PyTorch's case by case.</summary>
public sealed class MetricsTests
{
    [Theory]
    [InlineData("B-PER I-PER O B-LOC", "B-PER I-PER O B-LOC", 1, 1, 1)]
    [InlineData("B-PER I-PER O B-LOC", "B-PER O O B-LOC", 0.5, 0.5, 0.5)]
    [InlineData("B-PER B-PER", "B-PER I-PER", 0, 0, 0)]
    // I without a B before it, or of another type, starts a span.
    [InlineData("B-PER I-PER O", "I-PER I-PER O", 1, 1, 1)]
    [InlineData("B-PER B-LOC", "B-PER I-LOC", 1, 1, 1)]
    [InlineData("B-PER O B-LOC O", "B-PER O O O", 1, 0.5, 2.0 / 3)]
    [InlineData("O O", "O O", 0, 0, 0)]
    [InlineData("O O", "B-X O", 0, 0, 0)]
    public void Spans_are_right_when_type_and_both_ends_are(string actual, string predicted, double precision, double recall, double f1)
    {
        var score = SpanF1.Score([(actual.Split(' '), predicted.Split(' '))]);
        Assert.Equal((precision, recall, f1), (score.Precision, score.Recall, score.F1));
    }

    [Fact]
    public void Spans_of_all_sequences_count_together()
    {
        var score = SpanF1.Score([(["B-A"], ["B-A"]), (["B-A", "B-A", "B-A"], ["O", "O", "B-A"])]);
        Assert.Equal((1, 0.5), (score.Precision, score.Recall));
        Assert.Equal([("A", 0, 0), ("B", 1, 2), ("B", 3, 3)], SpanF1.Spans(["B-A", "B-B", "I-B", "B-B"]));
    }

    [Theory]
    [InlineData("O B-X I-X", true)]
    [InlineData("O I-X", false)]
    [InlineData("O", false)]
    [InlineData("NOUN B-X", false)]
    public void Bio_labels_are_told_from_others(string labels, bool expected) => Assert.Equal(expected, SpanF1.IsBio(labels.Split(' ')));

    [Fact]
    public void Matrices_add_up_and_an_empty_one_divides_by_nothing()
    {
        var (one, other) = (new ConfusionMatrix(2), new ConfusionMatrix(2));
        Assert.Equal((0, 0, 0, 0), (one.Accuracy, one.MacroF1, one.WeightedF1, one.Total));
        one.Add(0, 0);
        other.Add(0, 1);
        other.Add(1, 1);
        one.Add(other);
        Assert.Equal(3, one.Total);
        Assert.Equal(2.0 / 3, one.Accuracy);
        Assert.Equal((1, 0, 1, 1), (one[0, 0], one[1, 0], one[0, 1], one[1, 1]));
    }

    [Fact]
    public void Empty_hypotheses_score_nothing()
    {
        var score = Bleu.Score([([], [["a", "b"]])]);
        Assert.Equal((0.0, 0.0, 2), (score.Bleu, score.BrevityPenalty, score.ReferenceLength));
        Assert.Equal(0, EditDistance.CharacterErrorRate([("", "")]));
        Assert.Equal(double.PositiveInfinity, EditDistance.CharacterErrorRate([("", "abc")]));
        Assert.Equal(3, EditDistance.Between<char>("abc", ""));
    }

    [Fact]
    public void Translations_are_compared_by_lower_cased_words_and_marks()
    {
        Assert.Equal(["zwei", "männer", ",", "3", "katzen", "!"], Bleu.Words("Zwei Männer, 3 Katzen!"));
        Assert.Equal(["한", " ", "😀"], Bleu.Characters("한 😀"));
    }
}
