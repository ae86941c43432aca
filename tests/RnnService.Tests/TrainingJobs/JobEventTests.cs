using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RnnService.Storage;
using RnnService.TrainingJobs;

namespace RnnService.Tests.TrainingJobs;

/// <summary>Following a job: on the real host, over real sockets.</summary>
public sealed class JobEventTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>, IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Client => fixture.Client;

    public async ValueTask InitializeAsync() => await Client.UploadSentencesAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_job_is_followed_from_the_queue_to_its_end()
    {
        var id = await Client.StartJobAsync($$"""{"dataset":"sentences","model":"followed","test_dataset":"sentences-test",{{Training.Small}}}""");

        var events = await Client.EventsAsync(id);

        var job = await Client.EndAsync(id);
        Assert.Equal(["queued", "running", "succeeded"], events.Where(happened => happened.Kind == "status").Select(happened => happened.Data.Text("status")));
        Assert.Equal(events.Select(happened => happened.Number).Order().Distinct(), events.Select(happened => happened.Number));
        var points = events.Where(happened => happened.Kind == "metrics").SelectMany(happened => happened.Data.GetProperty("data").EnumerateArray()).Select(point => point.ToString());
        var measured = JsonSerializer.Deserialize<JsonElement>(await Client.GetStringAsync($"/api/v1/training-jobs/{id}/metrics", Cancellation)).GetProperty("data").EnumerateArray();
        Assert.Equal(measured.Select(point => point.ToString()), points);
        Assert.Equal(job.GetProperty("progress").ToString(), events.Last(happened => happened.Kind == "progress").Data.ToString());
        Assert.Equal("done", events[^1].Kind);
        foreach (var property in new[] { "status", "result", "error", "metrics" })
            Assert.Equal(job.GetProperty(property).ToString(), events[^1].Data.GetProperty(property).ToString());

        // Once more from the start, from the middle by header and by query, and after the last.
        Assert.Equal(events, await Client.EventsAsync(id), Same);
        var middle = events[events.Count / 2].Number.ToString();
        var rest = events[(events.Count / 2 + 1)..];
        Assert.Equal(rest, await Client.EventsAsync(id, middle), Same);
        Assert.Equal(rest, await Client.EventsAsync(id, query: $"?last_event_id={middle}"), Same);
        Assert.Equal(rest, await Client.EventsAsync(id, middle, "?last_event_id=1"), Same);
        using var nothing = await Client.OpenEventsAsync(id, events[^1].Number.ToString());
        Assert.Equal(HttpStatusCode.NoContent, nothing.StatusCode);
    }

    [Fact]
    public async Task A_follower_that_comes_back_gets_the_rest_of_a_running_job_through_cancel_and_resume()
    {
        var id = await Client.StartJobAsync($$"""{"dataset":"sentences","model":"come-back",{{Training.Endless}}}""");
        List<Event> first;
        using (var response = await Client.OpenEventsAsync(id))
            first = await response.ReadEventsAsync(happened => happened.Kind == "metrics");
        Assert.Contains(first, happened => happened.Kind == "status" && happened.Data.Text("status") == "running");

        using var again = await Client.OpenEventsAsync(id, first[^1].Number.ToString());
        await Client.CancelAsync(id);
        var rest = await again.ReadEventsAsync();
        Assert.Equal(first[^1].Number + 1, rest[0].Number);
        Assert.Equal(["cancelling", "cancelled"], rest.Where(happened => happened.Kind == "status").Select(happened => happened.Data.Text("status")));
        Assert.Equal("cancelled", rest[^1].Data.Text("status"));

        await Client.PostAsync($"/api/v1/training-jobs/{id}/resume", null, Cancellation);
        using var resumed = await Client.OpenEventsAsync(id);
        var all = await resumed.ReadEventsAsync(happened => happened.Number > rest[^1].Number + 3);
        Assert.DoesNotContain(all, happened => happened.Kind == "done");
        Assert.Equal(["queued", "running", "cancelling", "cancelled", "queued", "running"], all.Where(happened => happened.Kind == "status").Select(happened => happened.Data.Text("status")));
        await Client.CancelAsync(id);
    }

    [Fact]
    public async Task A_job_cancelled_in_the_queue_says_so_and_a_small_dataset_warns()
    {
        var running = await Client.StartJobAsync($$"""{"dataset":"sentences","model":"busy",{{Training.Endless}}}""");
        await Datasets.Uploads.UploadAsync(Client, "few", Datasets.Uploads.Good);
        var waiting = await Client.StartJobAsync("""{"dataset":"few","model":"few"}""");
        using var response = await Client.OpenEventsAsync(waiting);
        await Client.CancelAsync(waiting);

        var events = await response.ReadEventsAsync();

        var warnings = (await Client.JobAsync(waiting)).GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString());
        Assert.Equal(warnings, events.Where(happened => happened.Kind == "warning").Select(happened => happened.Data.Text("message")));
        Assert.Equal(["status", "warning", "done"], events.Select(happened => happened.Kind).Distinct());
        Assert.Equal("cancelled", events[^1].Data.Text("status"));
        await Client.CancelAsync(running);
    }

    [Fact]
    public async Task A_failed_job_says_why()
    {
        var id = await SilentJobAsync(fixture.Service);
        var ledger = fixture.Service.App.Services.GetRequiredService<JobLedger>();
        ledger.End(new JobClaim(id, 0), JobStatus.Failed, "It did not work.");

        var events = await Client.EventsAsync(id);

        Assert.Equal(["status", "done"], events.Select(happened => happened.Kind));
        Assert.Equal("It did not work.", events[^1].Data.Text("error"));
    }

    [Fact]
    public async Task A_stream_ends_with_a_job_that_is_deleted()
    {
        var id = await SilentJobAsync(fixture.Service);
        using var response = await Client.OpenEventsAsync(id);
        await using var context = fixture.Service.Context();
        await context.TrainingJobs.Where(job => job.Id == id).ExecuteDeleteAsync(Cancellation);

        Assert.Empty(await response.ReadEventsAsync());
    }

    [Fact]
    public async Task Only_the_newest_progress_is_kept_and_a_worker_without_the_job_writes_nothing()
    {
        var id = await SilentJobAsync(fixture.Service);
        var ledger = fixture.Service.App.Services.GetRequiredService<JobLedger>();
        var claim = new JobClaim(id, 0);
        ledger.AppendEvent(claim, JobEvent.OfWarning("kept"));
        for (var step = 1; step <= JobEvents.ProgressKept + 20; step++)
            ledger.Renew(claim, new StoredProgress(new JobProgress { Step = step }, 0, 0));

        await using var context = fixture.Service.Context();
        var kept = await context.Events.Where(row => row.JobId == id).OrderBy(row => row.Number).ToListAsync(Cancellation);

        Assert.Equal(JobEvents.ProgressKept + 1, kept.Count);
        Assert.Equal([1, .. Enumerable.Range(22, JobEvents.ProgressKept)], kept.Select(row => row.Number));
        Assert.Throws<FencedException>(() => ledger.AppendEvent(new JobClaim(id, 1), JobEvent.OfWarning("not its job")));
        Assert.Equal(kept[^1].Number, (await context.TrainingJobs.SingleAsync(job => job.Id == id, Cancellation)).LastEvent);
    }

    [Theory]
    [InlineData("x", 400, "malformed")]
    [InlineData("-1", 400, "malformed")]
    [InlineData("99999999999999999999", 400, "malformed")]
    [InlineData("7", 422, "invalid")]
    public async Task A_number_that_cannot_be_an_event_is_a_problem(string lastEventId, int status, string kind)
    {
        var id = await SilentJobAsync(fixture.Service);

        Assert.Contains("Last-Event-ID", (await (await Client.OpenEventsAsync(id, lastEventId)).ProblemAsync(status, kind)).Text("detail"));
        Assert.Contains("Last-Event-ID", (await (await Client.OpenEventsAsync(id, query: $"?last_event_id={lastEventId}")).ProblemAsync(status, kind)).Text("detail"));
    }

    [Fact]
    public async Task A_silent_stream_sends_a_comment_every_quarter_of_a_minute()
    {
        var id = await SilentJobAsync(fixture.Service);
        using var response = await Client.OpenEventsAsync(id);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        var clock = System.Diagnostics.Stopwatch.StartNew();

        Assert.Equal(":", await reader.ReadLineAsync(Cancellation));

        Assert.InRange(clock.Elapsed.TotalSeconds, 14, 25);
    }

    [Fact]
    public async Task A_client_that_leaves_gives_its_place_to_another_and_a_stop_of_the_service_waits_for_nobody()
    {
        await using var service = await RunningService.StartAsync("--RnnService:Limits:ConcurrentStreams=1");
        var id = await SilentJobAsync(service);
        using (var first = await service.Client.OpenEventsAsync(id))
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
            Assert.Contains("ConcurrentStreams", (await (await service.Client.OpenEventsAsync(id)).ProblemAsync(503, "busy")).Text("hint"));
        }

        var second = await service.Client.OpenEventsAsync(id);
        for (var tries = 0; tries < 100 && second.StatusCode != HttpStatusCode.OK; tries++)
        {
            await Task.Delay(50, Cancellation);
            second = await service.Client.OpenEventsAsync(id);
        }

        var reading = second.ReadEventsAsync();
        await service.App.StopAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(5), Cancellation);
        Assert.Empty(await reading);
    }

    private static bool Same(Event one, Event other) => one.ToString() == other.ToString();

    /// <summary>A job that some other process seems to be running: nothing happens to it here.</summary>
    private static async Task<string> SilentJobAsync(RunningService service)
    {
        await using var context = service.Context();
        var row = new TrainingJobRow
        {
            Id = Ids.New("job", DateTimeOffset.UtcNow),
            Status = JobStatus.Running,
            Model = "silent",
            DatasetId = "ds",
            SpecJson = JsonSerializer.Serialize(ExampleSpec, JsonConventions.Stored),
            WarningsJson = "[]",
            LeaseUntil = DateTime.UtcNow.AddDays(1),
            CreatedAt = DateTime.UtcNow,
        };
        context.Add(row);
        await context.SaveChangesAsync(Cancellation);
        return row.Id;
    }

    private static readonly JsonElement ExampleSpec = JsonElement.Parse(TrainingJobExamples.Job).GetProperty("spec");
}
