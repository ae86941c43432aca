using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RnnService.Storage;
using RnnService.Tests.Datasets;
using RnnService.Tests.Predictions;
using RnnService.Tests.Storage;
using RnnService.Tests.TrainingJobs;
using RnnService.TrainingJobs;

namespace RnnService.Tests.Replicas;

/// <summary>Two requests for one thing at the same moment, on a database that lets both begin.</summary>
public sealed class RaceTests : IAsyncLifetime
{
    private const int Rounds = 25;

    private RunningService? _service;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private RunningService Service => _service ?? throw new InvalidOperationException("The service has not started.");

    private HttpClient Client => Service.Client;

    // It trains nothing, so that a dataset is wanted by jobs that wait.
    public async ValueTask InitializeAsync() => _service = await RunningService.StartAsync(
        "--RnnService:Role=api", "--RnnService:Database=postgresql", $"--ConnectionStrings:RnnService={await PostgreSqlCluster.CreateDatabaseAsync()}");

    public ValueTask DisposeAsync() => _service?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task A_dataset_is_deleted_or_a_job_has_it_but_never_both()
    {
        var deletedFirst = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"raced-{round}";
            Assert.Equal(HttpStatusCode.Created, (await Client.UploadAsync(name, Uploads.Good)).StatusCode);
            var posting = Client.PostJobAsync($$"""{"dataset":"{{name}}","model":"raced"}""");
            // Each round the deletion comes a little later.
            await Task.Delay(round / 2, Cancellation);
            var deleted = await Client.DeleteAsync($"/api/v1/datasets/{name}", Cancellation);
            var posted = await posting;
            if (deleted.StatusCode == HttpStatusCode.NoContent) deletedFirst++;
            if (deleted.StatusCode == HttpStatusCode.NoContent) await posted.ProblemAsync(422, "invalid");
            else await deleted.ProblemAsync(409, "conflict");
            if (posted.StatusCode == HttpStatusCode.Accepted) await CancelAsync((await posted.JsonAsync()).Text("id"));
        }

        Assert.InRange(deletedFirst, 1, Rounds);
    }

    [Fact]
    public async Task A_cancelled_job_is_resumed_or_its_dataset_deleted_but_never_both()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"resumed-{round}";
            Assert.Equal(HttpStatusCode.Created, (await Client.UploadAsync(name, Uploads.Good)).StatusCode);
            var id = await Client.StartJobAsync($$"""{"dataset":"{{name}}","model":"resumed"}""");
            await CancelAsync(id);
            var resuming = Client.PostAsync($"/api/v1/training-jobs/{id}/resume", null, Cancellation);
            var deleted = await Client.DeleteAsync($"/api/v1/datasets/{name}", Cancellation);
            var resumed = await resuming;
            if (deleted.StatusCode == HttpStatusCode.NoContent) await resumed.ProblemAsync(409, "conflict");
            else await deleted.ProblemAsync(409, "conflict");
            if (resumed.StatusCode == HttpStatusCode.Accepted) await CancelAsync(id);
        }
    }

    [Fact]
    public async Task Two_first_puts_of_one_alias_both_succeed()
    {
        await PublishAsync("aliased", 2);
        for (var round = 0; round < Rounds; round++)
        {
            var address = $"/api/v1/models/aliased/aliases/alias-{round}";
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(one => 1 + (one % 2)).Select(version => Client.PutAsJsonAsync(address, new { version }, Cancellation)));
            Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        }
    }

    [Fact]
    public async Task A_version_is_deleted_or_an_alias_points_at_it_but_never_both()
    {
        for (var round = 0; round < Rounds; round++)
        {
            await PublishAsync($"pointed-{round}", 1);
            var putting = Client.PutAsJsonAsync($"/api/v1/models/pointed-{round}/aliases/production", new { version = 1 }, Cancellation);
            var deleted = await Client.DeleteAsync($"/api/v1/models/pointed-{round}{(round % 2 == 0 ? "" : "/versions/1")}", Cancellation);
            var put = await putting;
            // An alias that was put first is in the way; one that comes after finds no model.
            if (put.StatusCode == HttpStatusCode.OK) await deleted.ProblemAsync(409, "conflict");
            else await put.ProblemAsync(404, "not_found");
        }
    }

    [Fact]
    public async Task One_key_at_the_same_moment_makes_one_job()
    {
        await Client.UploadAsync("keyed", Uploads.Good);
        for (var round = 0; round < Rounds; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Client.PostJobAsync("""{"dataset":"keyed","model":"keyed"}""", $"key-{round}")));
            Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.Conflict, answer.ToString()));
            var replayed = await Client.PostJobAsync("""{"dataset":"keyed","model":"keyed"}""", $"key-{round}");
            Assert.True(replayed.Headers.Contains("Idempotency-Replayed"));
            await CancelAsync((await replayed.JsonAsync()).Text("id"));
        }

        await using var context = Service.Context();
        Assert.Equal(Rounds, context.TrainingJobs.Count(job => job.Model == "keyed"));
    }

    [Fact]
    public async Task What_a_process_frozen_in_a_transaction_has_locked_is_free_again_within_its_lease()
    {
        await PublishAsync("locked", 1);
        await using var frozen = Service.Context();
        await using var transaction = await frozen.Database.BeginTransactionAsync(Cancellation);
        await frozen.Models.Where(model => model.Name == "locked").ExecuteUpdateAsync(set => set.SetProperty(model => model.Task, LearningTask.Translation), Cancellation);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            await using var other = Service.Context();
            try
            {
                await other.Models.Where(model => model.Name == "locked").ExecuteUpdateAsync(set => set.SetProperty(model => model.CreatedAt, DateTime.UtcNow), Cancellation);
                return;
            }
            catch (Exception error) when (DatabaseAbsence.Caused(error))
            {
                Assert.InRange(clock.Elapsed.TotalSeconds, 0, 8);
            }
        }
    }

    [Fact]
    public async Task A_job_that_lost_its_owner_is_rung_for_until_somebody_claims_it()
    {
        await Client.UploadAsync("orphaned", Uploads.Good);
        var id = await Client.StartJobAsync("""{"dataset":"orphaned","model":"orphaned"}""");
        await using var context = Service.Context();
        await context.TrainingJobs.Where(job => job.Id == id).ExecuteUpdateAsync(set => set
            .SetProperty(job => job.Status, JobStatus.Running).SetProperty(job => job.Fence, 1).SetProperty(job => job.LeaseUntil, DateTime.UtcNow.AddSeconds(-1)), Cancellation);
        var queue = Service.App.Services.GetRequiredService<JobQueue>();
        await queue.ReconcileAsync(Cancellation);
        var rung = await RingsAsync(context);
        // Whoever takes the id cannot claim the row yet, and drops it.
        var clock = Stopwatch.StartNew();
        while (await RingsAsync(context) == rung)
        {
            Assert.InRange(clock.Elapsed.TotalSeconds, 0, 7);
            await Task.Delay(500, Cancellation);
            await queue.ReconcileAsync(Cancellation);
        }
    }

    private static Task<int> RingsAsync(RnnDbContext context) => context.Database.SqlQuery<int>($"""SELECT count(*)::int AS "Value" FROM hangfire.job""").SingleAsync(Cancellation);

    private async Task PublishAsync(string name, int versions)
    {
        var models = new PublishedModels(Service);
        for (var version = 0; version < versions; version++) await models.PublishAsync(name, LearningTask.SequenceClassification, LabelModels.OfTexts());
    }

    private async Task CancelAsync(string id)
    {
        Assert.Equal(HttpStatusCode.Accepted, (await Client.PostAsync($"/api/v1/training-jobs/{id}/cancel", null, Cancellation)).StatusCode);
    }
}
