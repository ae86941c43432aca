using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests;

/// <summary>What <c>/metrics</c> says after some work, and the trace that a job goes on with.</summary>
public sealed partial class TelemetryTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Work_shows_in_the_metrics_without_ids()
    {
        const string Succeeded = "^rnnservice_jobs.*status=\"succeeded\"";
        var client = fixture.Client;
        await client.UploadSentencesAsync();
        var id = await client.StartJobAsync($$"""{"dataset":"sentences","model":"counted",{{Training.Small}}}""");
        var steps = (await client.EndAsync(id)).Step();
        using var body = new StringContent("""{"inputs":["the film is dull"]}""", Encoding.UTF8, "application/json");
        for (var i = 0; i < 2; i++) (await client.PostAsync("/api/v1/models/counted/classify", body, Cancellation)).EnsureSuccessStatusCode();

        var text = "";
        // Another test's host in this process has a gauge of the same name, and one of both is shown while it lives.
        for (var wait = Stopwatch.StartNew(); wait.Elapsed.TotalSeconds < 30 && (text.Length == 0 || sum(Succeeded) < 1); await Task.Delay(500, Cancellation)) text = await client.GetStringAsync("/metrics", Cancellation);

        double sum(string line) => Samples().Matches(text).Where(sample => Regex.IsMatch(sample.Groups["series"].Value, line)).Sum(sample => double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture));
        Assert.InRange(sum("^rnnservice_training_steps_total"), steps, double.MaxValue);
        Assert.InRange(sum("^rnnservice_training_tokens_total"), steps, double.MaxValue);
        Assert.InRange(sum(Succeeded), 1, double.MaxValue);
        Assert.Contains("status=\"queued\"", text);
        Assert.InRange(sum("^rnnservice_lease_events_total.*event=\"claimed\""), 1, double.MaxValue);
        Assert.InRange(sum("^rnnservice_model_cache_requests_total.*result=\"miss\""), 1, double.MaxValue);
        Assert.InRange(sum("^rnnservice_model_cache_requests_total.*result=\"hit\""), 1, double.MaxValue);
        Assert.InRange(sum("^rnnservice_batch_size.*_count"), 2, double.MaxValue);
        Assert.InRange(sum("^http_server_request_duration_seconds_count.*http_route=\"/?api/v1/models/{reference}/classify\"|^http_server_request_duration_seconds_count.*classify\""), 2, double.MaxValue);
        Assert.DoesNotContain(id, text);
        Assert.DoesNotContain("counted", text);
    }

    [Fact]
    public async Task A_job_goes_on_with_the_trace_of_its_request()
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        var worked = new TaskCompletionSource<Activity>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.TraceId.ToHexString() == trace) worked.TrySetResult(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        await fixture.Client.UploadSentencesAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/training-jobs")
        {
            Content = new StringContent("""{"dataset":"sentences","model":"traced","network":{"hidden_size":4},"training":{"epochs":1}}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("traceparent", $"00-{trace}-b7ad6b7169203331-01");

        var job = await (await fixture.Client.SendAsync(request, Cancellation)).JsonAsync();

        var activity = await worked.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Equal("training job", activity.OperationName);
        Assert.Equal(job.Text("id"), activity.GetTagItem("rnnservice.job.id"));
    }

    [Fact]
    public async Task Traces_are_sent_where_the_setting_says()
    {
        using var collector = new TcpListener(IPAddress.Loopback, 0);
        collector.Start();
        var received = ReceiveAsync(collector);
        await using (var service = await RunningService.StartAsync($"--OTEL_EXPORTER_OTLP_ENDPOINT=http://{collector.LocalEndpoint}", "--OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"))
        {
            await service.Client.UploadSentencesAsync();
            await service.Client.EndAsync(await service.Client.StartJobAsync("""{"dataset":"sentences","model":"sent","network":{"hidden_size":4},"training":{"epochs":1}}"""));
        }

        var sent = await received.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.Contains("POST /v1/traces", sent);
        Assert.Contains("/api/v1/training-jobs", sent);
    }

    /// <summary>The first request that a collector is sent, answered with 200.</summary>
    private static async Task<string> ReceiveAsync(TcpListener collector)
    {
        using var connection = await collector.AcceptTcpClientAsync(Cancellation);
        await using var stream = connection.GetStream();
        var (text, buffer) = ("", new byte[64 << 10]);
        while (!(ContentLength().Match(text) is { Success: true } length && text.Length >= text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4 + int.Parse(length.Groups["bytes"].Value, CultureInfo.InvariantCulture)))
        {
            var count = await stream.ReadAsync(buffer, Cancellation);
            if (count == 0) break;
            text += Encoding.Latin1.GetString(buffer, 0, count);
        }

        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancellation);
        return text;
    }

    [GeneratedRegex(@"Content-Length: (?<bytes>\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex ContentLength();

    [GeneratedRegex(@"^(?<series>[a-z_]+(\{.*\})?) (?<value>[^ \n]+)", RegexOptions.Multiline)]
    private static partial Regex Samples();
}
