using RnnService.Datasets;
using RnnService.Storage.Examples;

namespace RnnService.Tests.Datasets;

public sealed class FeatureColumnsTests
{
    [Fact]
    public void A_number_that_never_changes_and_one_far_out_are_found_among_many_frames()
    {
        var random = new Random(1);
        var columns = new FeatureColumns();
        for (var row = 0; row < 500; row++)
            columns.Add(new DatasetExample { Frames = [.. Enumerable.Range(0, 40).Select(t => new[] { random.NextSingle(), 7, row == 333 && t == 21 ? -1000 : random.NextSingle() })] });

        Assert.Equal(["number 2"], columns.Constant());
        var far = columns.Outliers();
        // Of values spread evenly over 0 to 1 the median is 1/2, the MAD 1/4.
        Assert.Equal((1, "number 3"), (far?.Features, far?.Farthest));
        Assert.InRange(far!.Deviations, 3_700, 4_300);
    }

    [Fact]
    public void Names_are_those_of_the_header_and_clean_numbers_say_nothing()
    {
        var random = new Random(2);
        string[] names = ["width", "height", "weight"];
        var columns = new FeatureColumns();
        for (var row = 0; row < 300; row++)
            columns.Add(new DatasetExample { Features = [random.NextSingle(), (float)Math.Exp(3 * random.NextDouble()), random.Next(100) == 0 ? 1 : 0], FeatureNames = names });

        Assert.Empty(columns.Constant());
        Assert.Null(columns.Outliers());
        columns.Add(new DatasetExample { Features = [80, 1, 0], FeatureNames = names });
        Assert.Equal("width", columns.Outliers()?.Farthest);
    }

    [Fact]
    public void A_few_rows_of_one_value_are_chance()
    {
        var columns = new FeatureColumns();
        for (var row = 0; row < 5; row++) columns.Add(new DatasetExample { Features = [1] });
        columns.Add(new DatasetExample { Text = "no numbers" });

        Assert.Empty(columns.Constant());
    }
}
