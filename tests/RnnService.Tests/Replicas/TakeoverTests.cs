using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RnnService.Tests.Storage;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Replicas;

/// <summary>Two worker processes behind one that answers requests, on one PostgreSQL: a job has one owner, and survives it.</summary>
public sealed class TakeoverTests : IDisposable
{
    // About three seconds of one core, ended by its epochs alone.
    private const string Job = """{"dataset":"sentences","model":"shared","network":{"cell":"gru","hidden_size":48,"embedding_size":48},"training":{"epochs":9,"early_stopping_patience":0,"seed":3} }""";

    private Replica[] _replicas = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Api => _replicas[0].Client;

    private async Task StartAsync()
    {
        // Three migrate an empty database at once.
        _replicas = await Replica.StartAsync(await PostgreSqlCluster.CreateDatabaseAsync(), "api", "worker", "worker");
        await Api.UploadSentencesAsync();
    }

    [Fact]
    public async Task A_worker_frozen_beyond_its_lease_wakes_up_fenced_and_finishes_the_job_of_one_that_is_killed()
    {
        await StartAsync();
        var untouched = await EndAsync(await Api.StartJobAsync(Job));
        var frozen = await Api.StartJobAsync(Job);
        var (owner, other) = Split(await PastACheckpointAsync(frozen, 0));
        await owner.SignalAsync("STOP");
        var taken = await TakenByAsync(other, frozen);
        await owner.SignalAsync("CONT");
        Assert.Equal("running", taken.Text("status"));
        var ended = await EndAsync(frozen);
        Assert.Equal(other.Name, ended.Text("worker"));

        var killed = await Api.StartJobAsync(Job);
        var (victim, heir) = Split(await PastACheckpointAsync(killed, 0));
        victim.Kill();
        await TakenByAsync(heir, killed);
        await OneVersionEachAsync(untouched, ended, await EndAsync(killed));
    }

    [Fact]
    public async Task A_worker_asked_to_end_hands_its_job_over()
    {
        await StartAsync();
        var id = await Api.StartJobAsync($$"""{"dataset":"sentences","model":"handed",{{Training.Endless}}}""");
        var (owner, other) = Split(await PastACheckpointAsync(id, 50));
        var reached = (await Api.JobAsync(id)).Step();
        await owner.SignalAsync("TERM");
        Assert.Equal(0, await owner.EndedAsync());
        Assert.InRange((await Api.WaitAsync(id, job => job.Text("worker") == other.Name && job.GetProperty("attempt").GetInt32() == 0)).Step(), reached, long.MaxValue);
        // And a cancel reaches it in the other process.
        await Api.CancelAsync(id);
        var events = await Api.EventsAsync(id);
        Assert.Equal(["queued", "running", "running", "cancelling", "cancelled"], events.Where(happened => happened.Kind == "status").Select(happened => happened.Data.Text("status")));
        Assert.Equal("done", events[^1].Kind);
    }

    [Fact]
    public async Task A_worker_serves_its_health_and_nothing_else()
    {
        _replicas = await Replica.StartAsync(await PostgreSqlCluster.CreateDatabaseAsync(), "worker");
        Assert.Equal(HttpStatusCode.OK, (await _replicas[0].Client.GetAsync("/health/live", Cancellation)).StatusCode);
        await (await _replicas[0].Client.GetAsync("/api/v1/datasets", Cancellation)).ProblemAsync(404, "not_found");
    }

    private async Task<JsonElement> PastACheckpointAsync(string id, long step) =>
        await Api.WaitAsync(id, job => job.Step() > step + 20 && job.GetProperty("attempt").GetInt32() == 0);

    private async Task<JsonElement> TakenByAsync(Replica heir, string id)
    {
        var clock = Stopwatch.StartNew();
        var taken = await Api.WaitAsync(id, job => job.Text("worker") == heir.Name);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 15);
        return taken;
    }

    private (Replica Owner, Replica Other) Split(JsonElement job)
    {
        Assert.Equal("running", job.Text("status"));
        return job.Text("worker") == _replicas[1].Name ? (_replicas[1], _replicas[2]) : (_replicas[2], _replicas[1]);
    }

    private Task<JsonElement> EndAsync(string id) => Api.EndAsync(id);

    private async Task OneVersionEachAsync(JsonElement untouched, params JsonElement[] touched)
    {
        var model = await Api.GetFromJsonAsync<JsonElement>("/api/v1/models/shared", Cancellation);
        Assert.Equal(1 + touched.Length, model.GetProperty("versions").GetArrayLength());
        foreach (var job in touched) Assert.Equal(await WeightsAsync(untouched), await WeightsAsync(job));
    }

    private async Task<string> WeightsAsync(JsonElement job)
    {
        var version = await Api.GetFromJsonAsync<JsonElement>($"/api/v1/models/shared/versions/{job.GetProperty("result").GetProperty("version")}", Cancellation);
        return version.GetProperty("receipt").Text("weights_sha256");
    }

    public void Dispose()
    {
        foreach (var replica in _replicas) replica.Dispose();
    }
}
