using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RnnService.Demo;
using RnnService.Tests.Datasets;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Predictions;

/// <summary>Answers of a trained model on the real host.</summary>
public sealed class ClassifyTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>, IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Client => fixture.Client;

    public async ValueTask InitializeAsync()
    {
        if ((await Client.GetAsync("/api/v1/models/words", Cancellation)).IsSuccessStatusCode) return;
        await Client.UploadSentencesAsync();
        await Client.EndAsync(await Client.StartJobAsync($$"""{"dataset":"sentences","model":"words",{{Training.Small}}}"""));
        await Client.UploadAsync("frames", "{\"frames\":[[1,2],[3,4]],\"label\":\"up\"}\n{\"frames\":[[4,3]],\"label\":\"down\"}\n{\"frames\":[[2,1]],\"label\":\"down\"}\n", "frames.jsonl");
        await Client.EndAsync(await Client.StartJobAsync("""{"dataset":"frames","model":"frames","network":{"hidden_size":4},"training":{"epochs":1}}"""));
        await Client.UploadAsync("tokens", "{\"tokens\":[\"a\",\"b\"],\"label\":\"x\"}\n{\"tokens\":[\"b\"],\"label\":\"y\"}\n{\"tokens\":[\"c\"],\"label\":\"y\"}\n", "tokens.jsonl");
        await Client.EndAsync(await Client.StartJobAsync("""{"dataset":"tokens","model":"tokens","network":{"hidden_size":4,"embedding_size":4},"training":{"epochs":1}}"""));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task An_input_gets_the_same_answer_alone_in_a_batch_and_beside_others()
    {
        var texts = SentenceSamples.Make(100, 9).Select(sample => sample.Text).Append("good").Append(string.Join(' ', Enumerable.Repeat("not bad", 50))).ToArray();
        var together = await ScoresAsync(texts);

        var alone = new double[texts.Length];
        await Parallel.ForAsync(0, texts.Length, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancellation }, async (i, _) => alone[i] = (await ScoresAsync(texts[i]))[0]);

        for (var i = 0; i < texts.Length; i++) Assert.Equal(together[i], alone[i], 1e-6);
        Assert.True(together.Max() - together.Min() > 0.5, "the model tells nothing apart");
    }

    [Fact]
    public async Task Probabilities_sum_to_one_and_the_label_has_the_highest()
    {
        var answer = await (await ClassifyAsync("words", """{"inputs":["The film was good."],"explain":false}""")).JsonAsync();

        Assert.Equal(("words", 1), (answer.Text("model"), answer.GetProperty("version").GetInt32()));
        var prediction = answer.GetProperty("predictions")[0];
        var scores = prediction.GetProperty("scores").EnumerateObject().ToDictionary(score => score.Name, score => score.Value.GetDouble());
        Assert.Equal(["negative", "positive"], scores.Keys.Order());
        Assert.Equal(1, scores.Values.Sum(), 1e-6);
        Assert.Equal(scores.Values.Max(), scores[prediction.Text("label")]);
        Assert.Equal(scores.Values.Max(), prediction.GetProperty("score").GetDouble());
    }

    [Fact]
    public async Task Tokens_and_frames_are_classified()
    {
        Assert.Matches("^(x|y)$", (await (await ClassifyAsync("tokens", """{"inputs":[["a","b"],["never seen"]]}""")).JsonAsync()).GetProperty("predictions")[1].Text("label"));
        Assert.Matches("^(up|down)$", (await (await ClassifyAsync("frames", """{"inputs":[[[1,2],[3,4]]]}""")).JsonAsync()).GetProperty("predictions")[0].Text("label"));
    }

    [Theory]
    [InlineData("words", """{"inputs":["good",""]}""", 422, "invalid", "/inputs/1")]
    [InlineData("words", """{"inputs":["  \t "]}""", 422, "invalid", "/inputs/0")]
    [InlineData("words", """{"inputs":[]}""", 422, "invalid", "/inputs")]
    [InlineData("words", """{"inputs":["good",[[1,2]]]}""", 422, "invalid", "/inputs/1")]
    [InlineData("frames", """{"inputs":["good"]}""", 422, "invalid", "/inputs/0")]
    [InlineData("frames", """{"inputs":[[[1,2]],[[1,2],[3]]]}""", 422, "invalid", "/inputs/1")]
    [InlineData("words", """{"inputs":["good"],"exlain":true}""", 400, "malformed", "/exlain")]
    [InlineData("words", """{"inputs":[7]}""", 400, "malformed", "/inputs/0")]
    public async Task A_wrong_input_is_pointed_at(string model, string body, int status, string kind, string where)
    {
        var problem = await (await ClassifyAsync(model, body)).ProblemAsync(status, kind);

        Assert.Equal(where, problem.GetProperty("errors")[0].Text("pointer"));
    }

    [Fact]
    public async Task A_body_that_is_not_json_is_415_or_400()
    {
        await (await Client.PostAsync("/api/v1/models/words/classify", new StringContent("good"), Cancellation)).ProblemAsync(415, "unsupported_media_type");
        await (await ClassifyAsync("words", "{")).ProblemAsync(400, "malformed");
    }

    [Fact]
    public async Task A_byte_order_mark_is_no_part_of_the_body() =>
        Assert.Equal(HttpStatusCode.OK, (await ClassifyAsync("words", "\ufeff{\"inputs\":[\"good\"]}")).StatusCode);

    [Fact]
    public async Task Too_many_inputs_and_too_many_steps_are_refused()
    {
        var limits = fixture.Service.App.Services.GetService(typeof(Limits)) as Limits;
        var many = JsonSerializer.Serialize(new { inputs = Enumerable.Repeat("good", limits!.InputsPerRequest + 1) });
        await (await ClassifyAsync("words", many)).ProblemAsync(422, "invalid");
        var longest = JsonSerializer.Serialize(new { inputs = new[] { "good", string.Concat(Enumerable.Repeat("good ", limits.StepsPerInput + 1)) } });
        var problem = await (await ClassifyAsync("words", longest)).ProblemAsync(422, "invalid");
        Assert.Equal("/inputs/1", problem.GetProperty("errors")[0].Text("pointer"));
    }

    private Task<HttpResponseMessage> ClassifyAsync(string model, string body) =>
        Client.PostAsync($"/api/v1/models/{model}/classify", new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")), Cancellation);

    private async Task<double[]> ScoresAsync(params string[] texts)
    {
        var response = await ClassifyAsync("words", JsonSerializer.Serialize(new { inputs = texts }));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return [.. (await response.JsonAsync()).GetProperty("predictions").EnumerateArray().Select(prediction => prediction.GetProperty("scores").GetProperty("positive").GetDouble())];
    }
}
