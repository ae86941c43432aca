using Rnn.Training;

namespace Rnn.Tests.Training;

public sealed class CalibrationTests
{
    private static readonly float[] s_logits = [2f, -1f, 0.5f, 0.4f, 3f, -2f, -1f, 1.5f, 0f, 2f, 1f, 0f, -0.5f, 0.25f, 1f, 1f, -2f, 0.1f];
    private static readonly int[] s_labels = [0, 0, 1, 1, 0, 1];

    [Fact]
    public void The_factor_has_the_lowest_loss_of_all()
    {
        float factor = Calibration.Factor(s_logits, s_labels, 3);
        double least = Loss(factor);
        for (double other = -6; other < 4; other += 0.05) Assert.True(Loss((float)Math.Exp(other)) >= least - 1e-9, $"a factor of e^{other} is better");
        Assert.InRange(factor, 0.01f, 10f);
    }

    [Theory]
    [InlineData(0.1f)]
    [InlineData(5f)]
    public void Louder_logits_get_a_smaller_factor_and_the_same_probabilities(float loudness)
    {
        float[] louder = [.. s_logits.Select(value => value * loudness)];
        Assert.Equal(Calibration.Factor(s_logits, s_labels, 3), Calibration.Factor(louder, s_labels, 3) * loudness, 1e-4);
    }

    [Fact]
    public void Logits_that_know_nothing_are_silenced_and_ones_that_know_all_keep_a_doubt()
    {
        int[] wrong = [1, 2, 2, 0, 2, 2];
        Assert.True(Calibration.Factor(s_logits, wrong, 3) < 0.01f);
        int[] right = [0, 0, 2, 1, 2, 0];
        float[] sure = [.. right.SelectMany(label => Enumerable.Range(0, 3).Select(c => c == label ? 1f : 0f))];
        float factor = Calibration.Factor(sure, right, 3);
        double score = Math.Exp(factor) / (Math.Exp(factor) + 2);
        Assert.Equal(1 - (2.0 / 3 / 8), score, 1e-3);
    }

    // Laplace: of 6 rows none wrong still leaves one in eight.
    private static double Loss(float factor)
    {
        float[] logits = [.. s_logits.Select(value => value * factor)];
        double right = Evaluation.OfLogits(logits, s_labels, 3).Loss;
        double any = Enumerable.Range(0, 3).Average(label => Evaluation.OfLogits(logits, [.. s_labels.Select(_ => label)], 3).Loss);
        return (right * 7 / 8) + (any / 8);
    }
}
