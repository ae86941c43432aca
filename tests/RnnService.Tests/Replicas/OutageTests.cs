using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.EntityFrameworkCore;
using RnnService.Tests.Datasets;
using RnnService.Tests.Storage;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Replicas;

/// <summary>PostgreSQL itself stopped in the middle of training and of requests.</summary>
public sealed class OutageTests
{
    private static readonly string[] Inputs = ["a fine day"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_the_database_is_away_models_predict_and_jobs_wait_and_afterwards_all_goes_on()
    {
        using var cluster = PostgreSqlCluster.StartOwn();
        var replicas = await Replica.StartAsync(await cluster.CreateAsync(), "api", "worker");
        try
        {
            var (api, worker) = (replicas[0].Client, replicas[1]);
            await api.UploadSentencesAsync();
            await api.EndAsync(await api.StartJobAsync($$"""{"dataset":"sentences","model":"loaded",{{Training.Small}}}"""));
            Assert.Equal(HttpStatusCode.OK, await PredictAsync(api));
            var id = await api.StartJobAsync($$"""{"dataset":"sentences","model":"waits",{{Training.Endless}}}""");
            await api.WaitAsync(id, job => job.Step() > 50);
            using var following = await api.OpenEventsAsync(id);

            cluster.Stop();
            var away = Stopwatch.StartNew();
            while (away.Elapsed < TimeSpan.FromSeconds(12))
            {
                Assert.Equal(HttpStatusCode.OK, await PredictAsync(api));
                var asked = Stopwatch.StartNew();
                foreach (var path in new[] { "/api/v1/datasets", $"/api/v1/training-jobs/{id}" })
                {
                    using var refused = await api.GetAsync(path, Cancellation);
                    await refused.ProblemAsync(503, "database_away");
                    Assert.NotNull(refused.Headers.RetryAfter);
                }

                using var posted = await api.PostJobAsync($$"""{"dataset":"sentences","model":"refused",{{Training.Small}}}""", "a-key");
                await posted.ProblemAsync(503, "database_away");
                Assert.InRange(asked.Elapsed.TotalSeconds, 0, 5);
                Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/health/live", Cancellation)).StatusCode);
                await (await api.GetAsync("/health/ready", Cancellation)).ProblemAsync(503, "not_ready");
                await Task.Delay(200, Cancellation);
            }

            cluster.Start();
            foreach (var replica in replicas) await replica.ReadyAsync();
            var back = await api.JobAsync(id);
            // The same start of the same worker goes on, and further than it had told before.
            var on = await api.WaitAsync(id, job => job.Step() > back.Step() + 50);
            Assert.Equal((worker.Name, "running"), (on.Text("worker"), on.Text("status")));
            await api.CancelAsync(id);
            // The stream that was open all the while misses nothing.
            var events = await following.ReadEventsAsync();
            Assert.Equal(["queued", "running", "cancelling", "cancelled"], events.Where(happened => happened.Kind == "status").Select(happened => happened.Data.Text("status")));
            // And new work is done, without a restart of anything.
            await api.EndAsync(await api.StartJobAsync($$"""{"dataset":"sentences","model":"after",{{Training.Small}}}"""));
        }
        finally
        {
            foreach (var replica in replicas) replica.Dispose();
        }
    }

    [Fact]
    public async Task A_database_that_is_silent_is_answered_503_within_five_seconds()
    {
        using var cluster = PostgreSqlCluster.StartOwn();
        var replicas = await Replica.StartAsync(await cluster.CreateAsync(), "api", "worker");
        try
        {
            var api = replicas[0].Client;
            await api.UploadSentencesAsync();
            await api.EndAsync(await api.StartJobAsync($$"""{"dataset":"sentences","model":"loaded",{{Training.Small}}}"""));
            Assert.Equal(HttpStatusCode.OK, await PredictAsync(api));
            var id = await api.StartJobAsync($$"""{"dataset":"sentences","model":"waits",{{Training.Endless}}}""");
            var before = await api.WaitAsync(id, job => job.Step() > 50);

            cluster.Freeze();
            try
            {
                // At once: more than there are connections.
                await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => RefusesAsync(api, id)));
            }
            finally
            {
                cluster.Thaw();
            }

            foreach (var replica in replicas) await replica.ReadyAsync();
            // Longer away than its lease, and nobody else has taken it: the same worker goes on.
            var on = await api.WaitAsync(id, job => job.Step() > before.Step() + 50);
            Assert.Equal((replicas[1].Name, "running"), (on.Text("worker"), on.Text("status")));
            await api.CancelAsync(id);
        }
        finally
        {
            foreach (var replica in replicas) replica.Dispose();
        }
    }

    [Fact]
    public async Task A_key_whose_request_ended_without_the_database_is_free_again_soon()
    {
        using var cluster = PostgreSqlCluster.StartOwn();
        await using var service = await RunningService.StartAsync("--RnnService:Role=api", "--RnnService:Database=postgresql", $"--ConnectionStrings:RnnService={await cluster.CreateAsync()}");
        using var file = new HeldContent(Encoding.UTF8.GetBytes(Uploads.Good));
        var sending = service.Client.SendFormAsync(file, "a.csv", "cut-off", ("name", "cut-off"), ("task", "sequence_classification"));
        await file.Begun;
        // The key is claimed when the body is waited for.
        await using (var context = service.Context())
            while (!await context.Idempotency.AnyAsync(row => row.Key == "cut-off", Cancellation)) await Task.Delay(10, Cancellation);
        cluster.Stop();
        file.GoOn();
        await (await sending).ProblemAsync(503, "database_away");
        cluster.Start();

        var clock = Stopwatch.StartNew();
        HttpResponseMessage again;
        while ((again = await UploadAgainAsync(service.Client)).StatusCode != HttpStatusCode.Created)
        {
            Assert.True(again.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.ServiceUnavailable, again.ToString());
            Assert.InRange(clock.Elapsed.TotalSeconds, 0, 40);
            await Task.Delay(500, Cancellation);
        }
    }

    private static Task<HttpResponseMessage> UploadAgainAsync(HttpClient client) => client.SendFormAsync(
        new ByteArrayContent(Encoding.UTF8.GetBytes(Uploads.Good)), "a.csv", "cut-off", ("name", "cut-off"), ("task", "sequence_classification"));

    private static async Task RefusesAsync(HttpClient api, string id)
    {
        Assert.Equal(HttpStatusCode.OK, await PredictAsync(api));
        await RefusedAsync(() => api.GetAsync("/api/v1/datasets", Cancellation), "database_away");
        await RefusedAsync(() => api.GetAsync($"/api/v1/training-jobs/{id}", Cancellation), "database_away");
        await RefusedAsync(() => api.PostJobAsync($$"""{"dataset":"sentences","model":"refused",{{Training.Small}}}""", "a-key"), "database_away");
        await RefusedAsync(() => api.PostAsync($"/api/v1/training-jobs/{id}/cancel", null, Cancellation), "database_away");
        await RefusedAsync(() => api.GetAsync("/health/ready", Cancellation), "not_ready");
    }

    private static async Task RefusedAsync(Func<Task<HttpResponseMessage>> ask, string kind)
    {
        var asked = Stopwatch.StartNew();
        using var refused = await ask();
        var taken = asked.Elapsed.TotalSeconds;
        await refused.ProblemAsync(503, kind);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.InRange(taken, 0, 5);
    }

    private static async Task<HttpStatusCode> PredictAsync(HttpClient api)
    {
        using var response = await api.PostAsJsonAsync("/api/v1/models/loaded/classify", new { inputs = Inputs }, Cancellation);
        return response.StatusCode;
    }

    /// <summary>A body of which the second half is sent when the test says so.</summary>
    private sealed class HeldContent(byte[] bytes) : HttpContent
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => _begun.Task;

        public void GoOn() => _goOn.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), Cancellation);
            await stream.FlushAsync(Cancellation);
            _begun.SetResult();
            await _goOn.Task;
            await stream.WriteAsync(bytes.AsMemory(bytes.Length / 2), Cancellation);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
