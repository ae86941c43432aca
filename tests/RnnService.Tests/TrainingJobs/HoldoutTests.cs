using RnnService.TrainingJobs;

namespace RnnService.Tests.TrainingJobs;

public sealed class HoldoutTests
{
    private static readonly int[] Labels = [.. Enumerable.Range(0, 1_000).Select(row => row % 10 == 0 ? 1 : row % 3 == 0 ? 2 : 0)];

    [Fact]
    public void Every_row_is_in_exactly_one_part()
    {
        var (training, validation) = Holdout.Split(Labels, 3, 0.1, 1);

        Assert.Equal(Enumerable.Range(0, 1_000), training.Concat(validation).Order());
    }

    [Fact]
    public void Every_class_gives_its_share()
    {
        var validation = Holdout.Split(Labels, 3, 0.1, 1).Validation;

        for (var c = 0; c < 3; c++)
            Assert.Equal(Math.Round(Labels.Count(label => label == c) * 0.1, MidpointRounding.AwayFromZero), validation.Count(row => Labels[row] == c));
    }

    [Fact]
    public void The_seed_decides_and_nothing_else()
    {
        Assert.Equal(Holdout.Split(Labels, 3, 0.1, 5).Validation, Holdout.Split(Labels, 3, 0.1, 5).Validation);
        Assert.NotEqual(Holdout.Split(Labels, 3, 0.1, 5).Validation, Holdout.Split(Labels, 3, 0.1, 6).Validation);
    }

    [Theory]
    [InlineData(new[] { 0, 1 })]
    [InlineData(new[] { 0, 0, 1, 1 })]
    [InlineData(new[] { 0, 1, 1, 1 })]
    public void A_class_is_never_held_out_whole(int[] labels)
    {
        var (training, _) = Holdout.Split(labels, 2, 0.5, 1);

        Assert.Equal([0, 1], training.Select(row => labels[row]).Distinct().Order());
    }

    [Fact]
    public void Where_every_class_has_one_row_all_are_both()
    {
        var (training, validation) = Holdout.Split([1, 0, 2], 3, 0.1, 1);

        Assert.Equal([0, 1, 2], training);
        Assert.Equal(training, validation);
    }

    [Fact]
    public void A_share_that_rounds_to_nothing_still_holds_one_row_out()
    {
        Assert.Single(Holdout.Split([0, 0, 0, 1, 1], 2, 0.01, 1).Validation);
    }
}
