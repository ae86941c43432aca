using System.Buffers;
using System.Text;
using RnnService.Predictions;

namespace RnnService.Tests.Predictions;

public sealed class ClassifyRequestReaderTests
{
    private static readonly PredictionLimits Limits = new(InputsPerRequest: 4, StepsPerInput: 4);

    private static (ClassifyInputs? Request, InputError? Error) Read(string json)
    {
        var request = ClassifyRequestReader.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)), Limits, out var error);
        return (request, error);
    }

    [Fact]
    public void Strings_tokens_frames_and_vectors_are_told_apart()
    {
        var (request, error) = Read("""{"explain":false,"inputs":["a b",["a","b"],[[1,2.5],[-3e1,0]],[0.5,2]]}""");

        Assert.Null(error);
        Assert.Equal("a b", request!.Items[0].Text);
        Assert.Equal(["a", "b"], request.Items[1].Tokens!);
        Assert.Equal([[1f, 2.5f], [-30f, 0f]], request.Items[2].Frames!);
        Assert.Equal([0.5f, 2f], request.Items[3].Features!);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("[]", "")]
    [InlineData("""{"inputs":["a"]""", "")]
    [InlineData("""{"inputs":["a"]} x""", "")]
    [InlineData("""{"inputs":["a"]}{}""", "")]
    [InlineData("{}", "/inputs")]
    [InlineData("""{"inputs":"a"}""", "/inputs")]
    [InlineData("""{"inputs":["a"],"inputs":["b"]}""", "/inputs")]
    [InlineData("""{"inputs":["a"],"explain":1}""", "/explain")]
    [InlineData("""{"input":["a"]}""", "/input")]
    [InlineData("""{"inputs":["a",5]}""", "/inputs/1")]
    [InlineData("""{"inputs":["a",null]}""", "/inputs/1")]
    [InlineData("""{"inputs":[["a",1]]}""", "/inputs/0/1")]
    [InlineData("""{"inputs":[[1,"a"]]}""", "/inputs/0/1")]
    [InlineData("""{"inputs":[[[1],"a"]]}""", "/inputs/0/1")]
    [InlineData("""{"inputs":[[[1,"x"]]]}""", "/inputs/0/0/1")]
    [InlineData("""{"inputs":["\ud800"]}""", "")]
    public void The_wrong_form_is_malformed_and_says_where(string json, string where)
    {
        var (request, error) = Read(json);

        Assert.Null(request);
        Assert.True(error!.IsMalformed);
        Assert.Equal(where, error.Pointer);
    }

    [Theory]
    [InlineData("""{"inputs":[]}""", "/inputs")]
    [InlineData("""{"inputs":["a","b","c","d","e"]}""", "/inputs")]
    [InlineData("""{"inputs":["a",[]]}""", "/inputs/1")]
    [InlineData("""{"inputs":[["a","b","c","d","e"]]}""", "/inputs/0")]
    [InlineData("""{"inputs":[[[1e300]]]}""", "/inputs/0/0/0")]
    public void The_right_form_with_a_bad_value_is_invalid(string json, string where)
    {
        var (request, error) = Read(json);

        Assert.Null(request);
        Assert.False(error!.IsMalformed);
        Assert.Equal(where, error.Pointer);
    }
}
