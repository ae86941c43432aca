using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Rnn.Models;
using RnnService.Storage;

namespace RnnService.Tests.Predictions;

/// <summary>Labels as steps arrive, over real sockets.</summary>
public sealed class LabelStreamTests(LabelFixture fixture) : IClassFixture<LabelFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_hundred_streams_at_once_keep_their_states_apart()
    {
        const int Streams = 200, Steps = 50;
        var model = LabelModels.OfFrames();
        await Parallel.ForAsync(0, Streams, new ParallelOptions { MaxDegreeOfParallelism = Streams, CancellationToken = Cancellation }, async (i, _) =>
        {
            var frames = LabelModels.Frames(Steps, i);
            var want = Expected(model, frames);
            using var socket = await LabelSocketClient.ConnectAsync(fixture.Service, "steps");
            for (var t = 0; t < Steps; t++)
            {
                var (label, score) = LabelSocketClient.Step(await socket.AskAsync(new { frame = frames[t] }), t + 1);
                Assert.Equal(want[t].Label, label);
                Assert.Equal(want[t].Score, score, 1e-6);
            }
        });
    }

    [Fact]
    public async Task Messages_sent_ahead_are_answered_in_order()
    {
        var frames = LabelModels.Frames(300, 1);
        var want = Expected(LabelModels.OfFrames(), frames);
        using var socket = await LabelSocketClient.ConnectAsync(fixture.Service, "steps");
        foreach (var frame in frames) await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(new { frame }));
        for (var t = 0; t < frames.Length; t++) Assert.Equal(want[t].Label, LabelSocketClient.Step(await socket.ReceiveAsync(), t + 1).Label);
    }

    [Theory]
    [InlineData("""{"frame":[1,2]}""", "invalid", "/frame", "has 2 numbers, this model reads 3")]
    [InlineData("""{"frame":[]}""", "invalid", "/frame", "has 0 numbers")]
    [InlineData("""{"frame":[1,2,"x"]}""", "malformed", "/frame/2", "numbers only")]
    [InlineData("""{"frame":[1,2,1e99]}""", "invalid", "/frame/2", "too large")]
    [InlineData("""{"frame":[1,2,NaN]}""", "malformed", null, "not valid JSON")]
    [InlineData("""{"frame":7}""", "malformed", "/frame", "array")]
    [InlineData("""{"token":"word"}""", "invalid", "/token", "reads numbers")]
    [InlineData("""{"token":7}""", "malformed", "/token", "string")]
    [InlineData("""{"frames":[1,2,3]}""", "malformed", "/frames", "not a known property")]
    [InlineData("""{"frame":[1,2,3],"token":"x"}""", "malformed", null, "more than one")]
    [InlineData("""{"frame":[1,2,3]} 1""", "malformed", null, "not valid JSON")]
    [InlineData("""{"state":false}""", "malformed", "/state", "true")]
    [InlineData("""{"state":"not a state"}""", "invalid", "/state", "not made by label")]
    [InlineData("""{"token":"\ud800"}""", "malformed", null, "surrogate")]
    [InlineData("{}", "malformed", null, "step")]
    [InlineData("[1,2,3]", "malformed", null, "step")]
    [InlineData("hello", "malformed", null, "not valid JSON")]
    [InlineData("", "malformed", null, "not valid JSON")]
    public async Task A_bad_message_is_answered_with_its_error_and_the_stream_goes_on(string bad, string kind, string? pointer, string says)
    {
        var frames = LabelModels.Frames(3, 8);
        var want = Expected(LabelModels.OfFrames(), frames);
        using var socket = await LabelSocketClient.ConnectAsync(fixture.Service, "steps");
        for (var t = 0; t < frames.Length; t++)
        {
            var error = (await socket.AskAsync(bad)).GetProperty("error");
            Assert.Equal($"urn:rnnservice:problem:{kind}", error.Text("type"));
            Assert.Contains(says, error.Text("detail"));
            Assert.NotEmpty(error.Text("hint"));
            Assert.Equal(pointer, error.TryGetProperty("pointer", out var where) ? where.GetString() : null);
            var (label, score) = LabelSocketClient.Step(await socket.AskAsync(new { frame = frames[t] }), t + 1);
            Assert.Equal((want[t].Label, want[t].Score), (label, (float)score));
        }
    }

    [Fact]
    public async Task A_binary_or_an_endless_message_and_one_in_parts()
    {
        using var socket = await LabelSocketClient.ConnectAsync(fixture.Service, "steps");
        await socket.SendAsync([1, 2, 3], WebSocketMessageType.Binary);
        Assert.Contains("binary", (await socket.ReceiveAsync()).GetProperty("error").Text("detail"));

        var spaces = Encoding.UTF8.GetBytes(new string(' ', 100_000));
        for (var i = 0; i < 6; i++) await socket.SendAsync(spaces, isEnd: i == 5);
        Assert.Contains("SocketMessageBytes", (await socket.ReceiveAsync()).GetProperty("error").Text("hint"));

        foreach (var (part, isEnd) in new[] { ("{\"frame\":", false), (new string(' ', 3000), false), ("[1,2,", false), ("3]}", true) }) await socket.SendAsync(Encoding.UTF8.GetBytes(part), isEnd: isEnd);
        LabelSocketClient.Step(await socket.ReceiveAsync(), 1);
    }

    [Fact]
    public async Task Tokens_are_labelled_as_label_labels_them()
    {
        string[] tokens = ["The", "cat", "walked", "영화"];
        var labels = (await (await fixture.Client.PostAsJsonAsync("/api/v1/models/tags/label", new { inputs = new[] { tokens } }, Cancellation)).JsonAsync()).GetProperty("predictions")[0];
        using var socket = await LabelSocketClient.ConnectAsync(fixture.Service, "tags");
        for (var t = 0; t < tokens.Length; t++)
        {
            var (label, score) = LabelSocketClient.Step(await socket.AskAsync(new { token = tokens[t] }), t + 1);
            Assert.Equal(labels.GetProperty("labels")[t].GetString(), label);
            Assert.Equal(labels.GetProperty("scores")[t].GetDouble(), score, 1e-6);
        }

        Assert.Contains("reads tokens", (await socket.AskAsync("""{"frame":[1,2,3]}""")).GetProperty("error").Text("detail"));
    }

    [Fact]
    public async Task A_state_moves_between_sockets_and_label()
    {
        var frames = LabelModels.Frames(20, 9);
        var want = Expected(LabelModels.OfFrames(), frames);
        using var first = await LabelSocketClient.ConnectAsync(fixture.Service, "steps");
        for (var t = 0; t < 5; t++) await first.AskAsync(new { frame = frames[t] });
        var state = (await first.AskAsync("""{"state":true}""")).Text("state");
        var posted = (await (await fixture.Client.PostAsJsonAsync("/api/v1/models/steps/label", new { inputs = new[] { frames[5..9] }, states = new[] { state } }, Cancellation)).JsonAsync()).GetProperty("predictions")[0];
        Assert.Equal(want[5..9].Select(step => step.Label), posted.GetProperty("labels").EnumerateArray().Select(label => label.GetString()!));
        using var second = await LabelSocketClient.ConnectAsync(fixture.Service, "steps");
        Assert.True((await second.AskAsync(new { state = posted.Text("state") })).TryGetProperty("state", out _));
        for (var t = 9; t < 20; t++) Assert.Equal(want[t].Score, LabelSocketClient.Step(await second.AskAsync(new { frame = frames[t] }), t - 8).Score, 1e-6);
        // The origin has not moved.
        Assert.Equal(want[5].Score, LabelSocketClient.Step(await first.AskAsync(new { frame = frames[5] }), 6).Score, 1e-6);
    }

    [Fact]
    public async Task An_overflow_is_an_error_and_forgotten()
    {
        using var socket = await LabelSocketClient.ConnectAsync(fixture.Service, "raw");
        var errors = 0;
        foreach (var frame in new[] { "[3e38,3e38,3e38]", "[3e38,-3e38,3e38]", "[-3e38,3e38,3e38]", "[-3e38,-3e38,-3e38]", "[3e38,3e38,-3e38]" })
        {
            var answer = await socket.AskAsync($$"""{"frame":{{frame}}}""");
            if (answer.TryGetProperty("error", out var error)) errors += error.Text("detail").Contains("too large", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.InRange(errors, 1, 5);
    }

    [Theory]
    [InlineData("nobody", 404, "not_found", "nobody")]
    [InlineData("texts", 422, "invalid", "sequence_classification")]
    [InlineData("both-ways", 422, "invalid", "bidirectional")]
    public async Task A_model_that_cannot_is_refused_before_the_upgrade(string model, int status, string kind, string says)
    {
        using var request = Upgrade(model);
        Assert.Contains(says, (await (await fixture.Client.SendAsync(request, Cancellation)).ProblemAsync(status, kind)).Text("detail"));
    }

    [Fact]
    public async Task An_ordinary_request_is_told_to_upgrade()
    {
        var response = await fixture.Client.GetAsync("/api/v1/models/steps/label/stream", Cancellation);
        await response.ProblemAsync(426, "upgrade_required");
        Assert.Equal("websocket", response.Headers.Upgrade.ToString());
        using var old = Upgrade("steps");
        old.Headers.Remove("Sec-WebSocket-Version");
        old.Headers.Add("Sec-WebSocket-Version", "8");
        await (await fixture.Client.SendAsync(old, Cancellation)).ProblemAsync(426, "upgrade_required");
    }

    [Fact]
    public async Task A_page_of_another_site_cannot_open_a_socket()
    {
        using var request = Upgrade("steps");
        request.Headers.Add("Origin", "https://evil.example");
        await (await fixture.Client.SendAsync(request, Cancellation)).ProblemAsync(403, "forbidden");
        using var own = await LabelSocketClient.ConnectAsync(fixture.Client.BaseAddress!, "steps", ("Origin", fixture.Client.BaseAddress!.GetLeftPart(UriPartial.Authority)));
        LabelSocketClient.Step(await own.AskAsync("""{"frame":[1,2,3]}"""), 1);
    }

    [Fact]
    public async Task A_key_is_needed_where_there_is_one()
    {
        await using var service = await RunningService.StartAsync("--RnnService:AdminKey=correct-horse-battery-staple");
        await new PublishedModels(service).PublishAsync("steps", LearningTask.SequenceLabeling, LabelModels.OfFrames());
        using var request = Upgrade("steps");
        await (await service.Client.SendAsync(request, Cancellation)).ProblemAsync(401, "unauthorized");
        using var socket = await LabelSocketClient.ConnectAsync(service.Client.BaseAddress!, "steps", ("X-Api-Key", "correct-horse-battery-staple"));
        LabelSocketClient.Step(await socket.AskAsync("""{"frame":[1,2,3]}"""), 1);
    }

    [Fact]
    public async Task There_are_so_many_places_and_each_way_of_leaving_gives_one_back()
    {
        await using var service = await StartAsync("--RnnService:Limits:ConcurrentStreams=1");
        Action<LabelSocketClient>[] ways =
        [
            socket => socket.Socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancellation).Wait(Cancellation),
            socket => socket.Socket.Abort(),
            socket => socket.Dispose(),
        ];
        foreach (var leave in ways)
        {
            using var socket = await EventuallyAsync(service);
            LabelSocketClient.Step(await socket.AskAsync("""{"frame":[1,2,3]}"""), 1);
            using var request = Upgrade("steps");
            var busy = await service.Client.SendAsync(request, Cancellation);
            Assert.Contains("ConcurrentStreams", (await busy.ProblemAsync(503, "busy")).Text("hint"));
            Assert.NotNull(busy.Headers.RetryAfter);
            leave(socket);
        }

        (await EventuallyAsync(service)).Dispose();
    }

    [Fact]
    public async Task A_silent_socket_is_closed()
    {
        await using var service = await StartAsync("--RnnService:Limits:SocketIdleSeconds=1");
        using var socket = await LabelSocketClient.ConnectAsync(service, "steps");
        for (var t = 1; t <= 4; t++)
        {
            LabelSocketClient.Step(await socket.AskAsync("""{"frame":[1,2,3]}"""), t);
            await Task.Delay(400, Cancellation);
        }

        Assert.Equal(WebSocketCloseStatus.NormalClosure, await socket.ClosedAsync());
        Assert.Contains("1 seconds", socket.Socket.CloseStatusDescription);
    }

    [Fact]
    public async Task A_service_that_stops_says_goodbye()
    {
        var service = await StartAsync();
        using var socket = await LabelSocketClient.ConnectAsync(service, "steps");
        LabelSocketClient.Step(await socket.AskAsync("""{"frame":[1,2,3]}"""), 1);
        var stopping = service.DisposeAsync().AsTask();
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, await socket.ClosedAsync());
        await stopping.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_cut_off()
    {
        await using var service = await StartAsync("--RnnService:Limits:ConcurrentStreams=1");
        using var socket = await LabelSocketClient.ConnectAsync(service, "steps");
        // Bad messages are answered by longer ones, until every buffer on the way is full; then sending stops too.
        var bad = Encoding.UTF8.GetBytes("""{"fram":[1]}""");
        var cut = await Record.ExceptionAsync(async () =>
        {
            while (true) await socket.Socket.SendAsync(bad, WebSocketMessageType.Text, true, Cancellation).WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        });
        Assert.IsAssignableFrom<WebSocketException>(cut);
        (await EventuallyAsync(service)).Dispose();
    }

    [Fact]
    public async Task The_openapi_document_has_it()
    {
        var document = JsonSerializer.Deserialize<JsonElement>(await fixture.Client.GetStringAsync("/swagger/v1/swagger.json", Cancellation));
        var stream = document.GetProperty("paths").GetProperty("/api/v1/models/{ref}/label/stream").GetProperty("get");
        Assert.Contains("WebSocket", stream.Text("summary"));
        Assert.Equal(["101", "404", "422", "426"], stream.GetProperty("responses").EnumerateObject().Select(response => response.Name).Where(status => status is "101" or "404" or "422" or "426"));
        var attribution = document.GetProperty("components").GetProperty("schemas").EnumerateObject().Single(schema => schema.Name.StartsWith("Prediction", StringComparison.Ordinal) && schema.Value.GetProperty("properties").TryGetProperty("attributions", out _));
        Assert.Contains("ln p(label | all)", attribution.Value.GetProperty("properties").GetProperty("attributions").Text("description"));
    }

    private static (string Label, float Score)[] Expected(TrainedModel model, float[][] frames)
    {
        var probabilities = model.Label([model.Codec.EncodeFrames(frames)], [null])[0].Probabilities;
        return [.. probabilities.Chunk(model.Codec.Labels.Count).Select(step => (model.Codec.Labels[Array.IndexOf(step, step.Max())], step.Max()))];
    }

    private static HttpRequestMessage Upgrade(string model)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/models/{model}/label/stream");
        foreach (var (name, value) in new[] { ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==") }) request.Headers.Add(name, value);
        return request;
    }

    private static async Task<RunningService> StartAsync(params string[] settings)
    {
        var service = await RunningService.StartAsync(settings);
        await new PublishedModels(service).PublishAsync("steps", LearningTask.SequenceLabeling, LabelModels.OfFrames());
        return service;
    }

    /// <summary>A socket, as soon as there is a place.</summary>
    private static async Task<LabelSocketClient> EventuallyAsync(RunningService service)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await LabelSocketClient.ConnectAsync(service, "steps");
            }
            catch (WebSocketException) when (tries < 200)
            {
                await Task.Delay(100, Cancellation);
            }
        }
    }
}
