using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RnnService.Predictions;
using RnnService.Registry;

namespace RnnService.Tests.Predictions;

/// <summary>Labels for every step, in parts and at once, and the states between the parts.</summary>
public sealed class LabelTests(LabelFixture fixture) : IClassFixture<LabelFixture>
{
    private static readonly string[] s_tokens = ["the", "cat", "sat", "."];
    private static readonly string[] s_tags = ["noun", "verb", "other"];
    private static readonly object s_text = new { inputs = s_tokens };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Task<HttpResponseMessage> PostAsync(string model, object body) => fixture.Client.PostAsJsonAsync($"/api/v1/models/{model}/label", body, Cancellation);

    private async Task<JsonElement[]> LabelAsync(string model, object body)
    {
        var response = await PostAsync(model, body);
        var answer = await response.JsonAsync();
        Assert.True(response.IsSuccessStatusCode, answer.ToString());
        return [.. answer.GetProperty("predictions").EnumerateArray()];
    }

    private async Task<JsonElement> OneAsync(string model, object input, string? state = null) => (await LabelAsync(model, new { inputs = new[] { input }, states = new[] { state } }))[0];

    private static (string Label, double Score)[] Steps(JsonElement prediction) =>
        [.. prediction.GetProperty("labels").EnumerateArray().Zip(prediction.GetProperty("scores").EnumerateArray(), (label, score) => (label.GetString()!, score.GetDouble()))];

    private static void AssertSame((string Label, double Score)[] want, (string Label, double Score)[] got)
    {
        Assert.Equal(want.Select(step => step.Label), got.Select(step => step.Label));
        Assert.All(want.Zip(got), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-6));
    }

    [Fact]
    public async Task One_and_seven_and_thirty_frames_are_thirty_eight_at_once_and_one_by_one_over_a_socket()
    {
        var frames = LabelModels.Frames(38, 2);
        var whole = Steps(await OneAsync("steps", frames));
        Assert.Equal(38, whole.Length);
        Assert.True(whole.Select(step => step.Label).Distinct().Count() > 1, "the model tells nothing apart");

        var (parts, state) = (new List<(string, double)>(), (string?)null);
        foreach (var part in new[] { frames[..1], frames[1..8], frames[8..] })
        {
            var answer = await OneAsync("steps", part, state);
            parts.AddRange(Steps(answer));
            state = answer.Text("state");
        }

        AssertSame(whole, [.. parts]);
        using var socket = await LabelSocketClient.ConnectAsync(fixture.Service, "steps");
        var streamed = new List<(string, double)>();
        foreach (var frame in frames) streamed.Add(LabelSocketClient.Step(await socket.AskAsync(new { frame }), streamed.Count + 1));
        AssertSame(whole, [.. streamed]);
    }

    [Fact]
    public async Task A_fork_leaves_its_origin_as_it_was()
    {
        var frames = LabelModels.Frames(20, 3);
        var state = (await OneAsync("steps", frames[..10])).Text("state");
        var once = await OneAsync("steps", frames[10..], state);
        var other = Steps(await OneAsync("steps", LabelModels.Frames(10, 4), state));
        var again = await OneAsync("steps", frames[10..], state);

        AssertSame(Steps(once), Steps(again));
        AssertSame(Steps(await OneAsync("steps", frames))[10..], Steps(again));
        Assert.NotEqual(Steps(once), other);
    }

    [Fact]
    public async Task An_input_alone_has_the_answer_it_has_among_64_of_other_lengths()
    {
        float[][][] inputs = [.. Enumerable.Range(0, 64).Select(i => LabelModels.Frames(1 + i * 7 % 50, i))];
        var together = await LabelAsync("steps", new { inputs });
        var alone = new JsonElement[inputs.Length];
        await Parallel.ForAsync(0, inputs.Length, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancellation }, async (i, _) => alone[i] = await OneAsync("steps", inputs[i]));
        for (var i = 0; i < inputs.Length; i++) AssertSame(Steps(alone[i]), Steps(together[i]));
    }

    [Fact]
    public async Task Some_inputs_go_on_and_others_begin()
    {
        var (a, b) = (LabelModels.Frames(12, 5), LabelModels.Frames(9, 6));
        var state = (await OneAsync("steps", a[..4])).Text("state");
        var answers = await LabelAsync("steps", new { inputs = new[] { b, a[4..] }, states = new[] { null, state } });
        AssertSame(Steps(await OneAsync("steps", b)), Steps(answers[0]));
        AssertSame(Steps(await OneAsync("steps", a))[4..], Steps(answers[1]));
    }

    [Fact]
    public async Task Texts_come_back_with_their_tokens_and_tokens_without()
    {
        var answers = await LabelAsync("tags", new { inputs = new object[] { "The cat sat.", s_tokens } });
        Assert.Equal(s_tokens, answers[0].GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!));
        Assert.False(answers[1].TryGetProperty("tokens", out _));
        AssertSame(Steps(answers[1]), Steps(answers[0]));
        Assert.All(Steps(answers[0]), step => Assert.Contains(step.Label, s_tags));
    }

    [Fact]
    public async Task Both_directions_answer_without_a_state_and_take_none()
    {
        var answer = (await LabelAsync("both-ways", new { inputs = new[] { LabelModels.Frames(4, 1) } }))[0];
        Assert.Equal(4, Steps(answer).Length);
        Assert.False(answer.TryGetProperty("state", out _));
        foreach (var state in new[] { "anything", null })
        {
            var problem = await (await PostAsync("both-ways", new { inputs = new[] { LabelModels.Frames(4, 1) }, states = new[] { state } })).ProblemAsync(422, "invalid");
            Assert.Contains("bidirectional", problem.Text("detail"));
            Assert.Equal("/states/0", problem.GetProperty("errors")[0].Text("pointer"));
        }
    }

    [Fact]
    public async Task A_state_of_another_model_version_or_kind_or_a_changed_one_is_refused()
    {
        var frames = LabelModels.Frames(2, 1);
        var state = (await OneAsync("steps", frames)).Text("state");
        var registry = fixture.Service.App.Services.GetRequiredService<ModelRegistry>();
        var version = (await registry.ResolveAsync("steps", Cancellation))!;
        var generated = fixture.Service.App.Services.GetRequiredService<StateTokens>().Protect("generate", version, new float[LabelModels.OfFrames().Network.CarriedStateSize]);
        var changed = state[..20] + (state[20] == 'A' ? 'B' : 'A') + state[21..];
        string[] refused = [(await OneAsync("others", frames)).Text("state"), generated, changed, state[..^4], state + "AAAA", "", "not a state", "=", "\u00e9"];
        foreach (var wrong in refused)
        {
            var problem = await (await PostAsync("steps", new { inputs = new[] { frames, frames }, states = new[] { state, wrong } })).ProblemAsync(422, "invalid");
            Assert.Equal("/states/1", problem.GetProperty("errors")[0].Text("pointer"));
        }

        var older = (await OneAsync("others:1", frames)).Text("state");
        await (await PostAsync("others:2", new { inputs = new[] { frames }, states = new[] { older } })).ProblemAsync(422, "invalid");
        Assert.Equal(2, Steps(await OneAsync("others:1", frames, older)).Length);
    }

    [Theory]
    [InlineData("steps", """{"inputs":[[[1,2,3]],[[1,2,3]]],"states":[null]}""", 422, "invalid", "/states/1")]
    [InlineData("steps", """{"inputs":[[[1,2,3]]],"states":[null,null]}""", 422, "invalid", "/states/1")]
    [InlineData("steps", """{"inputs":[[[1,2,3]]],"states":[7]}""", 400, "malformed", "/states/0")]
    [InlineData("steps", """{"inputs":[[[1,2,3]]],"states":null}""", 400, "malformed", "/states")]
    [InlineData("steps", """{"inputs":[[[1,2,3]]],"states":[],"states":[]}""", 400, "malformed", "/states")]
    [InlineData("steps", """{"inputs":[[[1,2,3]]],"sates":[]}""", 400, "malformed", "/sates")]
    [InlineData("steps", """{"states":[]}""", 400, "malformed", "/inputs")]
    [InlineData("steps", """{"inputs":[]}""", 422, "invalid", "/inputs")]
    [InlineData("steps", """{"inputs":[[]]}""", 422, "invalid", "/inputs/0")]
    [InlineData("steps", """{"inputs":[[[1,2]]]}""", 422, "invalid", "/inputs/0")]
    [InlineData("steps", """{"inputs":[[1,2,3]]}""", 422, "invalid", "/inputs/0")]
    [InlineData("steps", """{"inputs":["text"]}""", 422, "invalid", "/inputs/0")]
    [InlineData("steps", """{"inputs":[[[1,2,NaN]]]}""", 400, "malformed", null)]
    [InlineData("steps", """[1]""", 400, "malformed", null)]
    [InlineData("tags", """{"inputs":[" "]}""", 422, "invalid", "/inputs/0")]
    [InlineData("tags", """{"inputs":[[[1,2,3]]]}""", 422, "invalid", "/inputs/0")]
    [InlineData("raw", """{"inputs":[[[1,2,3]],[[3e38,3e38,3e38],[3e38,-3e38,3e38],[-3e38,3e38,3e38],[-3e38,-3e38,-3e38],[3e38,3e38,-3e38]]]}""", 422, "invalid", "/inputs/1")]
    public async Task A_wrong_request_is_pointed_at(string model, string body, int status, string kind, string? where)
    {
        using var content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        var problem = await (await fixture.Client.PostAsync($"/api/v1/models/{model}/label", content, Cancellation)).ProblemAsync(status, kind);
        if (where is not null) Assert.Equal(where, problem.GetProperty("errors")[0].Text("pointer"));
    }

    [Fact]
    public async Task A_wrong_model_or_media_type_is_refused()
    {
        await (await PostAsync("nobody", s_text)).ProblemAsync(404, "not_found");
        var problem = await (await PostAsync("texts", s_text)).ProblemAsync(422, "invalid");
        Assert.Contains("sequence_classification", problem.Text("detail"));
        Assert.Contains("/classify", problem.Text("hint"));
        using var text = new StringContent("{}");
        await (await fixture.Client.PostAsync("/api/v1/models/steps/label", text, Cancellation)).ProblemAsync(415, "unsupported_media_type");
    }
}
