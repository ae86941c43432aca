using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
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
            while (away.Elapsed < TimeSpan.FromSeconds(20))
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

    private static async Task<HttpStatusCode> PredictAsync(HttpClient api)
    {
        using var response = await api.PostAsJsonAsync("/api/v1/models/loaded/classify", new { inputs = Inputs }, Cancellation);
        return response.StatusCode;
    }
}
