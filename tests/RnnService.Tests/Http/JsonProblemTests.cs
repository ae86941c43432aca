using System.Text.Json;
using RnnService.Http;

namespace RnnService.Tests.Http;

/// <summary>What a client is told of a body that could not be read.</summary>
public sealed class JsonProblemTests
{
    [Theory]
    [InlineData("{\"name\":\"a\",\"network\":{\"hiden_size\":3}}", "/network/hiden_size", "'hidden_size'")]
    [InlineData("{\"name\":\"a\",\"networks\":{}}", "/networks", "'network'")]
    [InlineData("{\"name\":\"a\",\"inputs\":[{\"cel\":\"lstm\"}]}", "/inputs/0/cel", "'cell'")]
    [InlineData("{\"name\":\"a\",\"network\":{\"hidden_size\":\"3\"}}", "/network/hidden_size", "a whole number")]
    [InlineData("{\"name\":\"a\",\"network\":{\"hidden_size\":3.5}}", "/network/hidden_size", "a whole number")]
    [InlineData("{\"name\":\"a\",\"network\":{\"hidden_size\":99999999999}}", "/network/hidden_size", "a whole number")]
    [InlineData("{\"name\":\"a\",\"network\":{\"rate\":1e400}}", "/network/rate", "a finite number")]
    [InlineData("{\"name\":\"a\",\"network\":{\"rate\":\"NaN\"}}", "/network/rate", "a finite number")]
    [InlineData("{\"name\":\"a\",\"network\":{\"cell\":\"lstmm\"}}", "/network/cell", "rnn_tanh, lstm")]
    [InlineData("{\"name\":\"a\",\"network\":{\"cell\":1}}", "/network/cell", "rnn_tanh, lstm")]
    [InlineData("{\"name\":\"a\",\"network\":[]}", "/network", "an object")]
    [InlineData("{\"name\":\"a\",\"frames\":[[1,2],[3,null]]}", "/frames/1/1", "a finite number")]
    [InlineData("{\"name\":5}", "/name", "text in double quotes")]
    [InlineData("{\"name\":null}", "/name", "text in double quotes")]
    [InlineData("{\"network\":{}}", "/name", "Add name")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}", "/name", "once")]
    [InlineData("[]", "", "an object")]
    public void It_points_at_the_place_and_says_what_to_send(string body, string pointer, string hint)
    {
        var problem = ProblemOf(body);
        Assert.Equal(400, problem.Kind.Status);
        Assert.Equal(pointer, Assert.Single(problem.Errors ?? []).Pointer);
        Assert.Contains(hint, problem.Hint);
    }

    [Theory]
    [InlineData("{\"name\":\"a\",}", "line 1, byte 13")]
    [InlineData("{\n  'name': 1}", "line 2, byte 3")]
    [InlineData("{\"name\":\"a\"", "line 1")]
    [InlineData("{\"name\":\"a\",\"network\":{\"rate\":NaN}}", "'N' is an invalid start")]
    [InlineData("{\"name\":\"a\"} x", "'x' is invalid after")]
    public void Text_that_is_not_json_is_located(string body, string detail)
    {
        var problem = ProblemOf(body);
        Assert.Equal(ProblemKind.Malformed, problem.Kind);
        Assert.Contains(detail, problem.Detail);
        Assert.DoesNotContain("Path:", problem.Detail);
        Assert.DoesNotContain("BytePositionInLine", problem.Detail);
    }

    private static ProblemResult ProblemOf(string body)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        JsonConventions.Apply(options);
        var exception = Assert.Throws<JsonException>(() => { JsonSerializer.Deserialize<Body>(body, options); });
        return JsonProblems.Of(exception, typeof(Body), options);
    }

    private enum Cell
    {
        RnnTanh,
        Lstm,
    }

    private sealed record Network
    {
        public int? HiddenSize { get; init; }
        public float? Rate { get; init; }
        public Cell? Cell { get; init; }
    }

    private sealed record Body(string Name)
    {
        public Network? Network { get; init; }
        public IReadOnlyList<Network>? Inputs { get; init; }
        public float[][]? Frames { get; init; }
    }
}
