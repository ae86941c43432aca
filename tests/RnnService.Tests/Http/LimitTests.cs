using System.Net;
using System.Text;
using RnnService.Tests.Datasets;

namespace RnnService.Tests.Http;

/// <summary>Limits answer with their own problem and say which setting raises them.</summary>
public sealed class LimitTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Too_many_requests_per_second_are_told_when_to_come_back()
    {
        await using var service = await RunningService.StartAsync("--RnnService:Limits:RequestsPerSecond=5");
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => service.Client.GetAsync("/api/v1/datasets", Cancellation)));
        var refused = answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests).ToArray();
        Assert.NotEmpty(refused);
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.True(refused[0].Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
        Assert.Contains("RequestsPerSecond", (await refused[0].ProblemAsync(429, "rate_limited")).Text("hint"));
        Assert.Equal(HttpStatusCode.OK, (await service.Client.GetAsync("/health/ready", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_file_beyond_the_limit_is_refused_however_it_is_sent()
    {
        await using var service = await RunningService.StartAsync("--RnnService:Limits:DatasetBytes=100000");
        var big = Encoding.UTF8.GetBytes("text,label\n" + string.Concat(Enumerable.Repeat("some words,x\nother words,y\n", 20_000)));
        var known = await service.Client.UploadAsync("big", big);
        Assert.Contains("DatasetBytes", (await known.ProblemAsync(413, "too_large")).Text("hint"));
        // Without a length only reading tells.
        using var chunked = new StreamContent(new UnknownLength(big));
        var unknown = await service.Client.SendFormAsync(chunked, "a.csv", null, ("name", "big"), ("task", "sequence_classification"));
        await unknown.ProblemAsync(413, "too_large");
        await using var context = service.Context();
        Assert.Empty(context.Datasets);
        Assert.Empty(context.Blobs);
    }

    [Fact]
    public async Task A_large_json_body_is_refused()
    {
        await using var service = await RunningService.StartAsync("--RnnService:Limits:RequestBytes=1000");
        using var body = new StringContent(new string(' ', 2000), Encoding.UTF8, "application/json");
        var response = await service.Client.PostAsync("/api/v1/training-jobs", body, Cancellation);
        Assert.Contains("RequestBytes", (await response.ProblemAsync(413, "too_large")).Text("hint"));
    }

    [Fact]
    public async Task A_line_without_end_is_not_read_into_memory()
    {
        await using var service = await RunningService.StartAsync("--RnnService:Limits:LineBytes=1000");
        foreach (var (name, text) in new[] { ("a.csv", "text,label\n\"" + string.Concat(Enumerable.Repeat("words\n", 20_000))), ("b.csv", "text,label\na,x\n" + new string('a', 200_000)), ("c.jsonl", new string('[', 200_000)) })
        {
            var problem = await (await service.Client.UploadAsync("endless", text, name)).ProblemAsync(422, "invalid_file");
            Assert.Equal([name == "a.csv" ? 2 : name == "b.csv" ? 3 : 1], problem.Lines());
        }
    }

    [Fact]
    public async Task Sequences_beyond_the_limit_are_refused()
    {
        await using var service = await RunningService.StartAsync("--RnnService:Limits:StepsPerInput=3");
        var problem = await (await service.Client.UploadAsync("steps", "{\"tokens\":[\"a\"],\"label\":\"x\"}\n{\"tokens\":[\"a\",\"b\",\"c\",\"d\"],\"label\":\"y\"}\n", "a.jsonl")).ProblemAsync(422, "invalid_file");
        Assert.Equal([2], problem.Lines());
    }

    [Fact]
    public async Task Others_are_answered_and_a_second_upload_is_busy_while_one_is_slow()
    {
        await using var service = await RunningService.StartAsync("--RnnService:Limits:ConcurrentUploads=1");
        using var gate = new SemaphoreSlim(0);
        // More than a chunk: what was stored of it tells that the service has begun, and that no other upload can take its place.
        using var body = new StreamContent(new SlowStream(MoreThanAChunk, gate));
        var slow = service.Client.SendFormAsync(body, "a.csv", null, ("name", "slow"), ("task", "sequence_classification"));
        await EventuallyAsync(service, blobs => blobs == 1);
        var second = await service.Client.UploadAsync("second", Uploads.Good);
        Assert.NotNull((await second.ProblemAsync(503, "busy")).GetProperty("hint").GetString());
        Assert.NotNull(second.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, (await service.Client.GetAsync("/api/v1/datasets", Cancellation)).StatusCode);
        gate.Release();
        Assert.Equal(HttpStatusCode.Created, (await slow).StatusCode);
    }

    [Fact]
    public async Task A_client_that_leaves_leaves_nothing_behind()
    {
        await using var service = await RunningService.StartAsync();
        using var gate = new SemaphoreSlim(0);
        // More than a chunk, so that something was written before the client goes.
        using var body = new StreamContent(new SlowStream(MoreThanAChunk, gate));
        using var leave = new CancellationTokenSource();
        using var form = new MultipartFormDataContent { { new StringContent("left"), "name" }, { new StringContent("sequence_classification"), "task" }, { body, "file", "a.csv" } };
        var upload = service.Client.PostAsync("/api/v1/datasets", form, leave.Token);
        await EventuallyAsync(service, blobs => blobs == 1);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => upload);
        await EventuallyAsync(service, blobs => blobs == 0);
    }

    private static byte[] MoreThanAChunk => Encoding.UTF8.GetBytes("text,label\n" + string.Concat(Enumerable.Repeat("some words,x\nother words,y\n", 150_000)));

    private static async Task EventuallyAsync(RunningService service, Func<int, bool> blobs)
    {
        for (var tries = 0; tries < 200; tries++, await Task.Delay(50, Cancellation))
        {
            await using var context = service.Context();
            if (blobs(context.Blobs.Count()))
                return;
        }
        Assert.Fail("It did not happen within ten seconds.");
    }

    private sealed class UnknownLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }

    /// <summary>Gives all but the last bytes at once, and those when the gate opens.</summary>
    private sealed class SlowStream(byte[] bytes, SemaphoreSlim gate) : MemoryStream(bytes)
    {
        private const int Held = 10;

        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var free = (int)(Capacity - Held - Position);
            if (free == 0) await gate.WaitAsync(cancellationToken);
            return await base.ReadAsync(free > 0 && free < buffer.Length ? buffer[..free] : buffer, cancellationToken);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            var buffer = new byte[bufferSize];
            for (var count = await ReadAsync(buffer, cancellationToken); count > 0; count = await ReadAsync(buffer, cancellationToken))
            {
                await destination.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                await destination.FlushAsync(cancellationToken);
            }
        }
    }
}
