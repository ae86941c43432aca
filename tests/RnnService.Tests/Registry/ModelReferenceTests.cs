using RnnService.Registry;

namespace RnnService.Tests.Registry;

public sealed class ModelReferenceTests
{
    [Theory]
    [InlineData("sentiment", "sentiment", null, null)]
    [InlineData("sentiment:3", "sentiment", 3, null)]
    [InlineData("a.b_c-9@production", "a.b_c-9", null, "production")]
    public void The_three_forms_are_read_and_written_alike(string text, string name, int? version, string? alias)
    {
        var reference = ModelReference.Parse(text);

        Assert.Equal(new ModelReference(name, version, alias), reference);
        Assert.Equal(text, reference!.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Sentiment")]
    [InlineData(":3")]
    [InlineData("@production")]
    [InlineData("sentiment:")]
    [InlineData("sentiment:0")]
    [InlineData("sentiment:-1")]
    [InlineData("sentiment:+1")]
    [InlineData("sentiment:1.5")]
    [InlineData("sentiment:99999999999")]
    [InlineData("sentiment@")]
    [InlineData("sentiment@production:3")]
    [InlineData("senti ment")]
    [InlineData("-sentiment")]
    public void Anything_else_is_no_reference(string text) => Assert.Null(ModelReference.Parse(text));

    [Fact]
    public void A_name_has_at_most_64_characters()
    {
        Assert.NotNull(ModelReference.Parse(new string('a', 64)));
        Assert.Null(ModelReference.Parse(new string('a', 65)));
    }
}
