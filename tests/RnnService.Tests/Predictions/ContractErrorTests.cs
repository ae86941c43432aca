using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace RnnService.Tests.Predictions;

/// <summary>What every way of asking refuses alike, tried with each of them; what is one's own is with its other tests.</summary>
public sealed class ContractErrorTests(LabelFixture labels, GenerateFixture texts) : IClassFixture<LabelFixture>, IClassFixture<GenerateFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("classify", "gestures", """{"inputs":[[[1,2,3]],[[1,2,3],[1,2]]]}""", "/inputs/1", "Frame 1 has 2 numbers, this model reads 3")]
    [InlineData("classify", "gestures", """{"inputs":[[[1,2]]]}""", "/inputs/0", "has 2 numbers, this model reads 3")]
    [InlineData("classify", "gestures", """{"inputs":[[[]]]}""", "/inputs/0", "has 0 numbers, this model reads 3")]
    [InlineData("classify", "gestures", """{"inputs":[[]]}""", "/inputs/0", "empty")]
    [InlineData("classify", "points", """{"inputs":[[1,2,3,4]]}""", "/inputs/0", "has 4 numbers, this model reads 3")]
    [InlineData("classify", "texts", """{"inputs":["good",""]}""", "/inputs/1", "empty")]
    [InlineData("classify", "steps", """{"inputs":[[[1,2,3]]]}""", null, "sequence_labeling")]
    [InlineData("label", "steps", """{"inputs":[[[1,2,3],[1,2]]]}""", "/inputs/0", "Frame 1 has 2 numbers, this model reads 3")]
    [InlineData("label", "steps", """{"inputs":[[[1,2,3],[1,2,3,4]]]}""", "/inputs/0", "Frame 1 has 4 numbers, this model reads 3")]
    [InlineData("label", "tags", """{"inputs":[[]]}""", "/inputs/0", "empty")]
    [InlineData("label", "points", """{"inputs":[[1,2,3]]}""", null, "vector_classification")]
    [InlineData("generate", "outputs", """{"inputs":[[1,0,0,0]]}""", "/inputs/0", "has 4 numbers, this model reads 3")]
    [InlineData("generate", "outputs", """{"inputs":[[]]}""", "/inputs/0", "empty")]
    public async Task What_a_model_cannot_read_is_422(string verb, string model, string body, string? where, string says)
    {
        var problem = await (await PostAsync(verb, model, body)).ProblemAsync(422, "invalid");

        Assert.Contains(says, problem.Text("detail"), StringComparison.Ordinal);
        if (where is not null) Assert.Equal(where, problem.GetProperty("errors")[0].Text("pointer"));
    }

    [Theory]
    [InlineData("classify", "gestures", "[[[1,2,NaN]]]")]
    [InlineData("classify", "points", "[[1,-Infinity,2]]")]
    [InlineData("label", "steps", "[[[1,2,Infinity]]]")]
    [InlineData("generate", "outputs", "[[1,NaN,0]]")]
    public async Task What_is_no_number_is_400(string verb, string model, string inputs) =>
        await (await PostAsync(verb, model, $$"""{"inputs":{{inputs}}}""")).ProblemAsync(400, "malformed");

    [Theory]
    [InlineData("classify", "gestures", "[[[1,2,1e39]]]", "/inputs/0/0/2")]
    [InlineData("classify", "points", "[[1,-1e99,2]]", "/inputs/0/1")]
    [InlineData("label", "steps", "[[[1,2,1e999]]]", "/inputs/0/0/2")]
    public async Task A_number_too_large_is_422_where_it_stands(string verb, string model, string inputs, string where)
    {
        var problem = await (await PostAsync(verb, model, $$"""{"inputs":{{inputs}}}""")).ProblemAsync(422, "invalid");
        Assert.Equal(where, problem.GetProperty("errors")[0].Text("pointer"));
    }

    [Theory]
    [InlineData("classify", "texts", """{"inputs":["good"],"explian":true}""", "/explian", "explain")]
    [InlineData("classify", "texts", """{"input":["good"]}""", "/input", "inputs")]
    [InlineData("label", "tags", """{"inputs":["the cat"],"sates":[null]}""", "/sates", "states")]
    [InlineData("generate", "language", """{"inputs":["the"],"temprature":1}""", "/temprature", "temperature")]
    public async Task An_unknown_property_gets_the_nearest_name(string verb, string model, string body, string where, string name)
    {
        var problem = await (await PostAsync(verb, model, body)).ProblemAsync(400, "malformed");

        Assert.Equal(where, problem.GetProperty("errors")[0].Text("pointer"));
        Assert.Matches($"[\"']{name}[\"']", problem.Text("hint"));
    }

    [Fact]
    public async Task An_unknown_property_of_a_message_gets_the_nearest_name_too()
    {
        using var socket = await LabelSocketClient.ConnectAsync(labels.Service, "steps");
        Assert.Matches("\"frame\"", (await socket.AskAsync("""{"fram":[1,2,3]}""")).GetProperty("error").Text("hint"));
    }

    [Theory]
    [InlineData("classify")]
    [InlineData("label")]
    [InlineData("generate")]
    public async Task A_model_or_version_that_is_not_there_is_404(string verb)
    {
        foreach (var reference in new[] { "nobody", "steps:9", "steps@nowhere" })
            Assert.Contains(reference, (await (await PostAsync(verb, reference, """{"inputs":["a"]}""")).ProblemAsync(404, "not_found")).Text("detail"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("classify", "gestures")]
    [InlineData("label", "steps")]
    public async Task Too_many_inputs_and_too_long_ones_are_422(string verb, string model)
    {
        var limits = (Limits)labels.Service.App.Services.GetService(typeof(Limits))!;
        float[][] frames(int steps) => LabelModels.Frames(steps, 1);
        async Task<string> refusedAsync(object inputs) =>
            (await (await PostAsync(verb, model, JsonSerializer.Serialize(new { inputs }))).ProblemAsync(422, "invalid")).GetProperty("errors")[0].Text("pointer");

        Assert.Equal("/inputs", await refusedAsync(Enumerable.Repeat(frames(1), limits.InputsPerRequest + 1)));
        Assert.Equal("/inputs/1", await refusedAsync(new[] { frames(2), frames(limits.StepsPerInput + 1) }));
    }

    /// <summary>A word or letter that training did not show is read as the unknown one, all alike; nothing is refused.</summary>
    [Theory]
    [InlineData("classify", "texts", "\"zebra\"", "\"영화\"")]
    [InlineData("label", "tags", "[\"the\",\"zqx\"]", "[\"the\",\"ŵŷ\"]")]
    [InlineData("generate", "translate", "\"one zebra sleeps\"", "\"one 영화 sleeps\"")]
    [InlineData("generate", "language", "\"the Ж\"", "\"the 영\"")]
    public async Task Unknown_tokens_are_answered_all_alike(string verb, string model, string one, string other)
    {
        var answers = new List<string>();
        foreach (var input in new[] { one, other })
        {
            var response = await PostAsync(verb, model, $$"""{"inputs":[{{input}}]{{(verb == "generate" ? ",\"temperature\":0,\"max_tokens\":20" : "")}}}""");
            var answer = await response.JsonAsync();
            Assert.True(response.StatusCode == HttpStatusCode.OK, answer.ToString());
            answers.Add(string.Join(' ', answer.GetProperty("predictions")[0].EnumerateObject().Where(part => part.Name is "scores" or "labels" or "label" or "text" or "log_probability")));
        }

        Assert.NotEmpty(answers[0]);
        Assert.Equal(answers[0], answers[1]);
    }

    private Task<HttpResponseMessage> PostAsync(string verb, string model, string body)
    {
        var client = verb == "generate" ? texts.Client : labels.Client;
        return client.PostAsync($"/api/v1/models/{model}/{verb}", new StringContent(body, new MediaTypeHeaderValue("application/json")), Cancellation);
    }
}
