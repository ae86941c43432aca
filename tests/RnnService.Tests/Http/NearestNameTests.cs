using RnnService.Http;

namespace RnnService.Tests.Http;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("hiden_size", "hidden_size")]
    [InlineData("LayerS", "layers")]
    [InlineData("batch", "batch_size")]
    public void The_name_with_the_fewest_edits_is_meant(string given, string meant) =>
        Assert.Equal(meant, NearestName.Of(given, ["hidden_size", "layers", "batch_size", "learning_rate"]));
}
