using System.Text.Json;

namespace RnnService.Tests.Predictions;

/// <summary>What cannot be asked for is refused with what to send instead.</summary>
public sealed class GenerateErrorTests(GenerateFixture fixture) : IClassFixture<GenerateFixture>
{
    private HttpClient Client => fixture.Client;

    [Theory]
    [InlineData("max_tokens", "0", "from 1 to 4096")]
    [InlineData("max_tokens", "-3", "from 1 to 4096")]
    [InlineData("temperature", "-0.1", "-0.1")]
    [InlineData("temperature", "10.5", "from 0 to 10")]
    [InlineData("top_k", "-1", "from 0 to 1000000")]
    [InlineData("top_p", "0", "above 0")]
    [InlineData("top_p", "1.01", "1.01")]
    [InlineData("repetition_penalty", "0", "from 0.1 to 10")]
    [InlineData("repetition_penalty", "11", "11")]
    [InlineData("beam_width", "0", "from 1 to 32")]
    [InlineData("beam_width", "33", "33")]
    [InlineData("length_penalty", "-1,\"beam_width\":2", "from 0 to 5")]
    [InlineData("length_penalty", "5.5,\"beam_width\":2", "5.5")]
    [InlineData("length_penalty", "1", "beam_width is 1")]
    [InlineData("stop", "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]", "at most 8")]
    [InlineData("seed", "-1", "from 0 to 9007199254740991")]
    [InlineData("seed", "9007199254740992", "9007199254740992")]
    [InlineData("n", "0", "from 1 to 16")]
    [InlineData("n", "17", "17")]
    [InlineData("n", "3,\"beam_width\":2", "at most 2")]
    [InlineData("n", "2,\"temperature\":0", "temperature 0")]
    [InlineData("n", "2,\"stream\":true", "n is 2")]
    [InlineData("n", "2,\"trace\":true", "n is 2")]
    [InlineData("temperature", "0.5,\"beam_width\":2", "beam_width")]
    [InlineData("top_k", "3,\"beam_width\":2", "beam_width")]
    [InlineData("top_p", "0.5,\"beam_width\":2", "beam_width")]
    [InlineData("repetition_penalty", "1.2,\"beam_width\":2", "beam_width")]
    [InlineData("stream", "true,\"beam_width\":2", "beam_width")]
    [InlineData("trace", "true,\"beam_width\":2", "beam_width")]
    public async Task An_option_out_of_its_range_names_limit_and_value(string option, string value, string says)
    {
        var problem = await (await Client.PostGenerateAsync("language", $$"""{"inputs":["the"],"{{option}}":{{value}}}""")).ProblemAsync(422, "invalid");

        Assert.Equal("/" + option, problem.GetProperty("errors")[0].Text("pointer"));
        Assert.Contains(says, problem.Text("detail"));
    }

    [Fact]
    public async Task Options_at_their_limits_are_taken()
    {
        await Client.WriteAsync("language", "the", "\"max_tokens\":1,\"temperature\":10,\"top_k\":1000000,\"top_p\":1,\"repetition_penalty\":10,\"n\":16,\"seed\":9007199254740991");
        await Client.WriteAsync("language", "the", "\"max_tokens\":2,\"temperature\":0,\"top_k\":0,\"repetition_penalty\":1,\"top_p\":1,\"beam_width\":32,\"length_penalty\":5,\"n\":16,\"stream\":false,\"trace\":false,\"stop\":[]");
        await Client.WriteAsync("language", "the", "\"max_tokens\":null,\"temperature\":null,\"stop\":null,\"seed\":null,\"n\":null,\"states\":null,\"stream\":null");
    }

    [Theory]
    [InlineData("language", """{"inputs":[]}""", 422, "invalid", "/inputs")]
    [InlineData("language", """{"inputs":[""]}""", 422, "invalid", "/inputs/0")]
    [InlineData("language", """{"inputs":["a",[]]}""", 422, "invalid", "/inputs/1")]
    [InlineData("language", """{"inputs":["a",[1,2]]}""", 422, "invalid", "/inputs/1")]
    [InlineData("language", """{"inputs":[[[1,2]]]}""", 422, "invalid", "/inputs/0")]
    [InlineData("language", """{"inputs":["a","b"],"stream":true}""", 422, "invalid", "/stream")]
    [InlineData("language", """{"inputs":["a"],"states":[null,null]}""", 422, "invalid", "/states")]
    [InlineData("language", """{"inputs":["a"],"stop":""}""", 422, "invalid", "/stop")]
    [InlineData("language", """{"inputs":["a"],"stop":["b",""]}""", 422, "invalid", "/stop/1")]
    [InlineData("language", """{"inputs":["a"],"max_tokens":4097}""", 422, "limit_exceeded", "/max_tokens")]
    [InlineData("translate", """{"inputs":["one cat sleeps",""]}""", 422, "invalid", "/inputs/1")]
    [InlineData("translate", """{"inputs":["one cat sleeps"],"states":[null]}""", 422, "invalid", "/states")]
    [InlineData("translate", """{"inputs":["one cat sleeps"],"n":2}""", 422, "invalid", "/n")]
    [InlineData("outputs", """{"inputs":[[1,0,0],[1,0]]}""", 422, "invalid", "/inputs/1")]
    [InlineData("outputs", """{"inputs":["a red ball"]}""", 422, "invalid", "/inputs/0")]
    [InlineData("outputs", """{"inputs":[["a"]]}""", 422, "invalid", "/inputs/0")]
    [InlineData("outputs", """{"inputs":[[1,0,1e39]]}""", 422, "invalid", "/inputs/0/2")]
    [InlineData("outputs", """{"inputs":[[1,0,1e999]]}""", 422, "invalid", "/inputs/0/2")]
    [InlineData("outputs", """{"inputs":[[1,0,0],[3e38,-3e38,3e38]]}""", 422, "invalid", "/inputs/1")]
    [InlineData("zeros", """{"inputs":[[1,0,0],[3e38,-3e38,3e38]],"temperature":1,"top_k":2,"top_p":0.5,"n":3}""", 422, "invalid", "/inputs/1")]
    [InlineData("zeros", """{"inputs":[[3e38,-3e38,3e38]],"beam_width":3}""", 422, "invalid", "/inputs/0")]
    [InlineData("outputs", """{"inputs":[[1,0,"0"]]}""", 400, "malformed", "/inputs/0/2")]
    [InlineData("language", """{"inputs":[["a",1]]}""", 400, "malformed", "/inputs/0/1")]
    [InlineData("language", """{"inputs":[7]}""", 400, "malformed", "/inputs/0")]
    [InlineData("language", """{"inputs":[null]}""", 400, "malformed", "/inputs/0")]
    [InlineData("language", """{"inputs":["\ud800"]}""", 400, "malformed", "/inputs/0")]
    [InlineData("language", """{"inputs":"a"}""", 400, "malformed", "/inputs")]
    [InlineData("language", """{"max_tokens":3}""", 400, "malformed", "/inputs")]
    [InlineData("language", """{"inputs":["a"],"stop":7}""", 400, "malformed", "/stop")]
    [InlineData("language", """{"inputs":["a"],"stop":["b",7]}""", 400, "malformed", "/stop/1")]
    [InlineData("language", """{"inputs":["a"],"max_tokens":"3"}""", 400, "malformed", "/max_tokens")]
    [InlineData("language", """{"inputs":["a"],"max_tokens":2.5}""", 400, "malformed", "/max_tokens")]
    [InlineData("language", """{"inputs":["a"],"temperature":"hot"}""", 400, "malformed", "/temperature")]
    [InlineData("language", """{"inputs":["a"],"temperature":1e999}""", 400, "malformed", "/temperature")]
    [InlineData("language", """{"inputs":["a"],"seed":1.5}""", 400, "malformed", "/seed")]
    [InlineData("language", """{"inputs":["a"],"stream":"yes"}""", 400, "malformed", "/stream")]
    [InlineData("language", """{"inputs":["a"],"states":["x",7]}""", 400, "malformed", "/states/1")]
    [InlineData("language", """{"inputs":["a"],"n":1,"n":2}""", 400, "malformed", "/n")]
    public async Task A_wrong_request_is_pointed_at(string model, string body, int status, string kind, string where)
    {
        var problem = await (await Client.PostGenerateAsync(model, body)).ProblemAsync(status, kind);

        Assert.Equal(where, problem.GetProperty("errors")[0].Text("pointer"));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{\"inputs\":[NaN]}")]
    [InlineData("{\"inputs\":[\"a\"]} x")]
    public async Task A_body_that_is_not_JSON_is_malformed(string body) =>
        await (await Client.PostGenerateAsync("language", body)).ProblemAsync(400, "malformed");

    [Fact]
    public async Task An_unknown_property_gets_the_nearest_name()
    {
        var problem = await (await Client.PostGenerateAsync("language", """{"inputs":["a"],"max_token":3}""")).ProblemAsync(400, "malformed");
        Assert.Equal("/max_token", problem.GetProperty("errors")[0].Text("pointer"));
        Assert.Contains("'max_tokens'", problem.Text("hint"));
    }

    [Fact]
    public async Task A_model_of_another_task_is_named_with_the_call_that_serves_it()
    {
        var problem = await (await Client.PostGenerateAsync("sentiment", """{"inputs":["good"]}""")).ProblemAsync(422, "invalid");
        Assert.Contains("sequence_classification", problem.Text("detail"));
        Assert.Contains("/api/v1/models/sentiment/classify", problem.Text("hint"));
        await (await Client.PostGenerateAsync("nobody", """{"inputs":["good"]}""")).ProblemAsync(404, "not_found");
        await (await Client.PostGenerateAsync("language:9", """{"inputs":["good"]}""")).ProblemAsync(404, "not_found");
        await (await Client.PostAsync("/api/v1/models/language/generate", new StringContent("a"), TestContext.Current.CancellationToken)).ProblemAsync(415, "unsupported_media_type");
    }

    [Fact]
    public async Task Too_many_inputs_too_long_ones_and_too_large_traces_are_refused()
    {
        var limits = (Limits)fixture.Service.App.Services.GetService(typeof(Limits))!;
        async Task<string> refusedAsync(object body) =>
            (await (await Client.PostGenerateAsync("translate", JsonSerializer.Serialize(body))).ProblemAsync(422, "limit_exceeded")).GetProperty("errors")[0].Text("pointer");

        Assert.Equal("/inputs", await refusedAsync(new { inputs = Enumerable.Repeat("one", limits.InputsPerRequest + 1) }));
        Assert.Equal("/inputs/1", await refusedAsync(new { inputs = new[] { "one", string.Concat(Enumerable.Repeat("one ", limits.StepsPerInput + 1)) } }));
        var traced = JsonSerializer.Serialize(new { inputs = new[] { string.Concat(Enumerable.Repeat("one ", 4000)) }, trace = true, max_tokens = 4096 });
        Assert.Equal("/trace", (await (await Client.PostGenerateAsync("translate", traced)).ProblemAsync(422, "invalid")).GetProperty("errors")[0].Text("pointer"));
    }
}
