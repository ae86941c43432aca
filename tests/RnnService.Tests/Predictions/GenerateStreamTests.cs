using System.Diagnostics.Metrics;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RnnService.Predictions;
using RnnService.Storage;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Predictions;

/// <summary>Texts as they grow, and clients that do not wait for their end.</summary>
public sealed class GenerateStreamTests(GenerateFixture fixture) : IClassFixture<GenerateFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Client => fixture.Client;

    [Theory]
    [InlineData("language", "\"the cat\"", "\"max_tokens\":50,\"seed\":4")]
    [InlineData("language", "\"the cat\"", "\"max_tokens\":200,\"seed\":4,\"stop\":[\" was\",\"at on\"]")]
    [InlineData("language", "\"the cat\"", "\"max_tokens\":200,\"temperature\":0,\"stop\":[\"zzz\",\"was that. x\"]")]
    [InlineData("ended", "\"\"", "\"seed\":4,\"top_k\":3")]
    [InlineData("outputs", "[1,0,0]", "\"seed\":1")]
    [InlineData("translate", "\"two dogs run\"", "\"temperature\":0.5,\"seed\":9")]
    public async Task A_stream_is_the_text_that_comes_at_once(string model, string input, string options)
    {
        var want = (await (await Client.PostGenerateAsync(model, $$"""{"inputs":[{{input}}],{{options}}}""")).JsonAsync()).GetProperty("predictions")[0];
        var events = await (await Client.PostGenerateAsync(model, $$"""{"inputs":[{{input}}],{{options}},"stream":true}""")).ReadEventsAsync();

        var done = events[^1].Data;
        Assert.Equal("done", events[^1].Kind);
        Assert.All(events[..^1], happened => Assert.Equal("token", happened.Kind));
        Assert.Equal(Enumerable.Range(1, events.Count).Select(number => (long)number), events.Select(happened => happened.Number));
        foreach (var part in new[] { "text", "finish_reason", "tokens", "log_probability" }) Assert.Equal(want.GetProperty(part).ToString(), done.GetProperty(part).ToString());
        Assert.Equal(want.Text("text"), string.Concat(events[..^1].Select(happened => happened.Data.Text("text"))));
        Assert.Equal(want.Tokens(), events.Count - 1);
        Assert.Equal(want.LogProbability(), events[..^1].Sum(happened => happened.Data.LogProbability()), 1e-9);
        Assert.Equal((model, 1), (done.Text("model"), done.GetProperty("version").GetInt32()));
        Assert.True(done.GetProperty("seed").GetInt64() > 0);
        Assert.Equal(want.GetProperty("state").ValueKind, done.GetProperty("state").ValueKind);
    }

    [Fact]
    public async Task A_stream_can_be_gone_on_with_and_traced()
    {
        var events = await (await Client.PostGenerateAsync("language", """{"inputs":["the"],"temperature":0,"max_tokens":6,"stream":true,"trace":true}""")).ReadEventsAsync();
        Assert.Equal("e", events[0].Data.GetProperty("step").Text("fed"));
        Assert.All(events[..^1], happened => Assert.Equal(5, happened.Data.GetProperty("step").GetProperty("best").GetArrayLength()));
        var whole = await Client.WriteAsync("language", "the", "\"temperature\":0,\"max_tokens\":20");
        var rest = await Client.WriteAsync("language", "", $"\"temperature\":0,\"max_tokens\":14,\"states\":[\"{events[^1].Data.Text("state")}\"]");
        Assert.Equal(whole.Text("text"), events[^1].Data.Text("text") + rest.Text("text"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_the_client_leaves_the_work_stops(bool streams)
    {
        await using var service = await RunningService.StartAsync("--RnnService:Limits:TokensPerGeneration=1000000000", "--RnnService:Limits:ConcurrentStreams=1");
        await new PublishedModels(service).PublishAsync("language", LearningTask.LanguageModeling, GenerateModels.Language());
        using var counted = new TokenCount(service);
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var body = $$"""{"inputs":["the"],"max_tokens":1000000000,"stream":{{(streams ? "true" : "false")}}}""";
        var request = service.Client.PostGenerateAsync("language", body, leaves.Token);
        var open = streams ? await request : null;
        await WaitAsync(() => counted.Tokens > 500, "it never began");
        // While it writes, others are answered.
        Assert.Equal(3, (await service.Client.WriteAsync("language", "the", "\"max_tokens\":3")).Tokens());
        if (streams) await (await service.Client.PostGenerateAsync("language", body, Cancellation)).ProblemAsync(503, "busy");

        open?.Dispose();
        await leaves.CancelAsync();
        if (!streams) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        // Still: nothing more in a tenth of a second, in which thousands would have come.
        long before;
        await WaitAsync(() => (before = counted.Tokens) == Later(() => counted.Tokens), "it went on writing");
        if (streams) Assert.Equal(HttpStatusCode.OK, (await service.Client.PostGenerateAsync("language", """{"inputs":["the"],"max_tokens":2,"stream":true}""")).StatusCode);
    }

    [Fact]
    public async Task What_goes_wrong_after_the_first_byte_is_told_in_the_stream()
    {
        await new PublishedModels(fixture.Service).PublishAsync("damaged", LearningTask.LanguageModeling, GenerateModels.Damaged());
        var events = await (await Client.PostGenerateAsync("damaged", """{"inputs":["the"],"stream":true}""")).ReadEventsAsync();

        var error = Assert.Single(events);
        Assert.Equal("error", error.Kind);
        Assert.Equal(("urn:rnnservice:problem:internal", 500), (error.Data.Text("type"), error.Data.GetProperty("status").GetInt32()));
        Assert.Matches("^[0-9a-f]{32}$", error.Data.Text("trace_id"));
    }

    [Fact]
    public async Task Numbers_that_overflow_are_told_in_the_stream()
    {
        var events = await (await Client.PostGenerateAsync("outputs", """{"inputs":[[3e38,-3e38,3e38]],"stream":true}""")).ReadEventsAsync();

        var error = Assert.Single(events);
        Assert.Equal("error", error.Kind);
        Assert.Equal(("urn:rnnservice:problem:invalid", 422), (error.Data.Text("type"), error.Data.GetProperty("status").GetInt32()));
        Assert.Contains("trained on", error.Data.Text("hint"));
    }

    [Fact]
    public async Task The_openapi_document_describes_every_option_and_both_answers()
    {
        var document = JsonSerializer.Deserialize<JsonElement>(await Client.GetStringAsync("/swagger/v1/swagger.json", Cancellation));
        var operation = document.GetProperty("paths").GetProperty("/api/v1/models/{ref}/generate").GetProperty("post");
        var content = operation.GetProperty("responses").GetProperty("200").GetProperty("content");
        Assert.Equal(GenerateEndpoints.Events, content.GetProperty("text/event-stream").Text("example"));
        Assert.Equal("demo-language", content.GetProperty("application/json").GetProperty("example").Text("model"));
        var schema = document.GetProperty("components").GetProperty("schemas").GetProperty(nameof(GenerateRequest));
        string[] options = ["inputs", "max_tokens", "temperature", "top_k", "top_p", "repetition_penalty", "beam_width", "length_penalty", "stop", "seed", "n", "stream", "trace", "states"];
        Assert.Equal(options, schema.GetProperty("properties").EnumerateObject().Select(option => option.Name));
        Assert.All(schema.GetProperty("properties").EnumerateObject(), option => Assert.NotEmpty(option.Value.Text("description")));
        Assert.All(options[1..], option => Assert.Contains("Default", schema.GetProperty("properties").GetProperty(option).Text("description")));
        Assert.Equal(["inputs"], schema.GetProperty("required").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public void Examples_are_what_the_service_would_answer()
    {
        var strict = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        JsonConventions.Apply(strict);
        Assert.Single(JsonSerializer.Deserialize<GenerateRequest>(GenerateEndpoints.Request, strict)!.Inputs);
        var text = JsonSerializer.Deserialize<GenerateResponse>(GenerateEndpoints.Response, strict)!.Predictions[0];
        Assert.Equal((40, FinishReason.Length), (text.Tokens, text.FinishReason));
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(GenerateEndpoints.Events));
        var events = SseParser.Create(stream).Enumerate().ToArray();
        var done = JsonSerializer.Deserialize<GenerateDoneEvent>(events[^1].Data, strict)!;
        Assert.Equal(done.Text, string.Concat(events[..^1].Select(happened => JsonSerializer.Deserialize<GenerateTokenEvent>(happened.Data, strict)!.Text)));
    }

    private static long Later(Func<long> value)
    {
        Thread.Sleep(100);
        return value();
    }

    private static async Task WaitAsync(Func<bool> until, string otherwise)
    {
        for (var deadline = DateTime.UtcNow + Patience; !until(); await Task.Delay(10, Cancellation)) Assert.True(DateTime.UtcNow < deadline, otherwise);
    }

    /// <summary>Tokens one service has emitted.</summary>
    private sealed class TokenCount : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _tokens;

        public TokenCount(RunningService service)
        {
            var meters = service.App.Services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == GenerateMeter.Name && instrument.Meter.Scope == meters) listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref _tokens, count));
            _listener.Start();
        }

        public long Tokens => Interlocked.Read(ref _tokens);

        public void Dispose() => _listener.Dispose();
    }
}
