using System.Net.Http.Json;
using System.Text.Json;

namespace RnnService.Tests.Predictions;

/// <summary>classify explains itself, and reads feature vectors.</summary>
public sealed class ExplainTests(LabelFixture fixture) : IClassFixture<LabelFixture>
{
    private static readonly string[] s_mixed = ["Good", "영화"];
    private static readonly double[] s_point = [0.1, 0.2, 0.3];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Task<HttpResponseMessage> PostAsync(string model, object body, HttpClient? client = null) =>
        (client ?? fixture.Client).PostAsJsonAsync($"/api/v1/models/{model}/classify", body, Cancellation);

    private async Task<JsonElement[]> ClassifyAsync(string model, bool explain, params object[] inputs) =>
        [.. (await (await PostAsync(model, new { inputs, explain })).JsonAsync()).GetProperty("predictions").EnumerateArray()];

    private static float Score(JsonElement prediction, string label) => prediction.GetProperty("scores").GetProperty(label).GetSingle();

    [Fact]
    public async Task A_text_is_explained_token_by_token()
    {
        var plain = (await ClassifyAsync("texts", false, "Not a GOOD film"))[0];
        var explained = (await ClassifyAsync("texts", true, "a dull film", "Not a GOOD film"))[1];

        Assert.False(plain.TryGetProperty("attributions", out _));
        Assert.Equal(plain.GetProperty("scores").ToString(), explained.GetProperty("scores").ToString());
        var attributions = explained.GetProperty("attributions").EnumerateArray().ToArray();
        var running = explained.GetProperty("running").EnumerateArray().ToArray();
        Assert.Equal(["not", "a", "good", "film"], attributions.Select(part => part.Text("token")));
        Assert.Equal(["not", "a", "good", "film"], running.Select(part => part.Text("token")));
        var (label, erased) = (plain.Text("label"), await ClassifyAsync("texts", false, "unheard a good film", "not a unheard film"));
        Assert.Equal(MathF.Log(Score(plain, label)) - MathF.Log(Score(erased[0], label)), attributions[0].GetProperty("attribution").GetSingle(), 1e-5f);
        Assert.Equal(MathF.Log(Score(plain, label)) - MathF.Log(Score(erased[1], label)), attributions[2].GetProperty("attribution").GetSingle(), 1e-5f);
        var beginnings = await ClassifyAsync("texts", false, "not", "not a", "not a good", "not a good film");
        Assert.Equal(beginnings.Select(one => (one.Text("label"), one.GetProperty("score").GetSingle())), running.Select(one => (one.Text("label"), one.GetProperty("score").GetSingle())));
    }

    [Fact]
    public async Task Tokens_are_shown_as_they_were_sent()
    {
        var explained = (await ClassifyAsync("texts", true, [s_mixed]))[0];
        Assert.Equal(s_mixed, explained.GetProperty("attributions").EnumerateArray().Select(part => part.Text("token")));
    }

    [Fact]
    public async Task Frames_are_explained_by_their_place()
    {
        var frames = LabelModels.Frames(5, 1);
        var explained = (await ClassifyAsync("gestures", true, [frames]))[0];
        Assert.Equal([0, 1, 2, 3, 4], explained.GetProperty("attributions").EnumerateArray().Select(part => part.GetProperty("frame").GetInt32()));
        Assert.Equal([0, 1, 2, 3, 4], explained.GetProperty("running").EnumerateArray().Select(part => part.GetProperty("frame").GetInt32()));
        Assert.Equal(explained.GetProperty("score").GetSingle(), explained.GetProperty("running")[4].GetProperty("score").GetSingle());
        Assert.False(explained.GetProperty("attributions")[0].TryGetProperty("token", out _));
    }

    [Fact]
    public async Task A_vector_is_classified_and_explained_by_its_features()
    {
        var plain = await ClassifyAsync("points", false, s_point, s_point.Reverse().Select(value => value * 9));
        Assert.All(plain, one => Assert.Equal(1, Score(one, "in") + Score(one, "out"), 1e-6f));
        Assert.NotEqual(Score(plain[0], "in"), Score(plain[1], "in"));
        var explained = (await ClassifyAsync("points", true, [s_point]))[0];
        Assert.Equal(plain[0].GetProperty("scores").ToString(), explained.GetProperty("scores").ToString());
        Assert.Equal([0, 1, 2], explained.GetProperty("attributions").EnumerateArray().Select(part => part.GetProperty("feature").GetInt32()));
        Assert.False(explained.TryGetProperty("running", out _));
    }

    [Theory]
    [InlineData("points", """{"inputs":[[[0.1,0.2,0.3]]]}""", 422, "invalid", "/inputs/0")]
    [InlineData("points", """{"inputs":["text"]}""", 422, "invalid", "/inputs/0")]
    [InlineData("points", """{"inputs":[[1,2,3],[1,2]]}""", 422, "invalid", "/inputs/1")]
    [InlineData("points", """{"inputs":[[1,1e99,2]]}""", 422, "invalid", "/inputs/0/1")]
    [InlineData("points", """{"inputs":[[1,null,2]]}""", 400, "malformed", "/inputs/0/1")]
    [InlineData("gestures", """{"inputs":[[1,2,3]]}""", 422, "invalid", "/inputs/0")]
    [InlineData("texts", """{"inputs":[[1,2,3]]}""", 422, "invalid", "/inputs/0")]
    [InlineData("texts", """{"inputs":["good"],"explain":"yes"}""", 400, "malformed", "/explain")]
    public async Task A_wrong_input_is_pointed_at(string model, string body, int status, string kind, string where)
    {
        using var content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        var problem = await (await fixture.Client.PostAsync($"/api/v1/models/{model}/classify", content, Cancellation)).ProblemAsync(status, kind);
        Assert.Equal(where, problem.GetProperty("errors")[0].Text("pointer"));
    }

    [Fact]
    public async Task Another_task_names_the_call_that_serves_it()
    {
        var problem = await (await PostAsync("steps", new { inputs = new[] { LabelModels.Frames(2, 1) } })).ProblemAsync(422, "invalid");
        Assert.Contains("sequence_labeling", problem.Text("detail"));
        Assert.Contains("/label", problem.Text("hint"));
    }

    [Fact]
    public async Task Only_so_many_steps_are_explained()
    {
        var many = string.Join(' ', Enumerable.Repeat("film", 513));
        var problem = await (await PostAsync("texts", new { inputs = new[] { "good", many }, explain = true })).ProblemAsync(422, "invalid");
        Assert.Equal("/inputs/1", problem.GetProperty("errors")[0].Text("pointer"));
        Assert.Contains("ExplainedSteps", problem.Text("hint"));
        Assert.Equal(200, (int)(await PostAsync("texts", new { inputs = new[] { "good", many } })).StatusCode);
        Assert.Equal(512, (await ClassifyAsync("texts", true, many[5..]))[0].GetProperty("attributions").GetArrayLength());
    }
}
