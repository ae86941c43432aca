using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RnnService.Storage;
using RnnService.Tests.Datasets;

namespace RnnService.Tests.TrainingJobs;

/// <summary>Sweeps over HTTP, from the grid to the one version they publish.</summary>
public sealed class SweepTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>, IAsyncLifetime
{
    private const string Quick = """ "network":{"hidden_size":16,"embedding_size":8,"dropout":0,"embedding_dropout":0},"training":{"epochs":3,"batch_size":8,"warmup_steps":5,"seed":1} """;

    private HttpClient Client => fixture.Client;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        foreach (var (name, file, task, content) in TinyTasks.Datasets.Where(one => one.Name is "texts" or "story")) await Client.UploadAsync(name, content, file, task);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_best_combination_becomes_the_only_version()
    {
        var id = await Client.StartSweepAsync($$$"""{"dataset":"texts","model":"best","name":"best",{{{Quick}}},"grid":{"training.learning_rate":[0.00001,0.02],"network.cell":["gru","rnn_tanh"]}}""");

        var sweep = await Client.EndSweepAsync(id);

        Assert.Equal("validation.loss", sweep.Text("objective"));
        Assert.Equal((4, 4, 1.0), (sweep.GetProperty("progress").GetProperty("jobs").GetInt32(), sweep.GetProperty("progress").GetProperty("ended").GetInt32(), sweep.GetProperty("progress").GetProperty("fraction").GetDouble()));
        var results = sweep.GetProperty("results").EnumerateArray().ToArray();
        var values = results.Select(result => result.GetProperty("value").GetDouble()).ToArray();
        Assert.Equal(4, results.Select(result => result.GetProperty("values").ToString()).Distinct().Count());
        Assert.Equal(values.Order(), values);
        Assert.All(results, result => Assert.Equal(result.GetProperty("value").GetDouble(), result.GetProperty("metrics").GetProperty("validation").GetProperty("loss").GetDouble()));
        Assert.Equal(0.02, results[0].GetProperty("values").GetProperty("training.learning_rate").GetDouble());
        Assert.Equal(1, sweep.GetProperty("result").GetProperty("version").GetInt32());

        var model = await Client.GetFromJsonAsync<JsonElement>("/api/v1/models/best", Cancellation);
        var version = Assert.Single(model.GetProperty("versions").EnumerateArray());
        Assert.Equal(results[0].Text("job"), version.Text("job"));
        foreach (var result in results)
        {
            var job = await Client.JobAsync(result.Text("job"));
            Assert.Equal(("succeeded", id), (job.Text("status"), job.Text("sweep")));
            Assert.Equal(result.Text("job") == version.Text("job") ? JsonValueKind.Object : JsonValueKind.Null, job.GetProperty("result").ValueKind);
        }

        // Nothing is left of the others' weights, nor of checkpoints.
        await using var context = fixture.Service.Context();
        Assert.Equal(0, await context.Blobs.CountAsync(blob => blob.Kind == BlobKind.Checkpoint, Cancellation));
        Assert.Equal(await context.ModelVersions.CountAsync(Cancellation), await context.Blobs.CountAsync(blob => blob.Kind == BlobKind.Weights, Cancellation));
        var replay = await (await Client.PostAsync("/api/v1/models/best/versions/1/verify", null, Cancellation)).JsonAsync();
        Assert.True((await Client.EndAsync(replay.Text("id"))).GetProperty("result").GetProperty("verification").GetProperty("verified").GetBoolean());
        Assert.Equal(id, (await Client.GetFromJsonAsync<JsonElement>("/api/v1/sweeps/best", Cancellation)).Text("id"));
    }

    [Fact]
    public async Task Cancelling_stops_all_and_keeps_the_best_so_far()
    {
        // The first ends by itself; the second does not.
        var id = await Client.StartSweepAsync($$"""{"dataset":"texts","model":"stopped","network":{"hidden_size":8,"embedding_size":8},"training":{"early_stopping_patience":0},"grid":{"training.epochs":[1,10000],"network.cell":["gru","lstm"]},"objective":"validation.accuracy"}""");
        var sweep = await Client.WaitForSweepAsync(id, sweep => sweep.GetProperty("progress").GetProperty("ended").GetInt32() == 2);
        Assert.Equal(JsonValueKind.Null, sweep.GetProperty("result").ValueKind);
        await (await Client.GetAsync("/api/v1/models/stopped", Cancellation)).ProblemAsync(404, "not_found");
        var ended = sweep.GetProperty("results").EnumerateArray().First(result => result.Text("status") == "succeeded").Text("job");
        await (await Client.DeleteAsync($"/api/v1/training-jobs/{ended}", Cancellation)).ProblemAsync(409, "conflict");

        Assert.Equal(HttpStatusCode.Accepted, (await Client.PostAsync($"/api/v1/sweeps/{id}/cancel", null, Cancellation)).StatusCode);

        sweep = await Client.EndSweepAsync(id, "cancelled");
        Assert.Equal(2, sweep.GetProperty("results").EnumerateArray().Count(result => result.Text("status") == "cancelled"));
        Assert.Equal(1, sweep.GetProperty("result").GetProperty("version").GetInt32());
        Assert.Equal(HttpStatusCode.Accepted, (await Client.PostAsync($"/api/v1/sweeps/{id}/cancel", null, Cancellation)).StatusCode);
        var cancelled = sweep.GetProperty("results").EnumerateArray().First(result => result.Text("status") == "cancelled").Text("job");
        await (await Client.PostAsync($"/api/v1/training-jobs/{cancelled}/resume", null, Cancellation)).ProblemAsync(409, "conflict");
        Assert.Equal(HttpStatusCode.NoContent, (await Client.DeleteAsync($"/api/v1/training-jobs/{cancelled}", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Lists_and_ends_are_as_everywhere()
    {
        const string body = """{"dataset":"texts","model":"listed","network":{"hidden_size":4},"training":{"epochs":1},"grid":{"network.cell":["gru","lstm"]},"objective":"validation.macro_f1"}""";
        var first = await (await Client.PostSweepAsync(body, "sweep-key")).JsonAsync();
        var again = await Client.PostSweepAsync(body, "sweep-key");
        Assert.Equal(first.Text("id"), (await again.JsonAsync()).Text("id"));
        Assert.Equal($"/api/v1/sweeps/{first.Text("id")}", again.Headers.Location!.ToString());
        await (await Client.PostSweepAsync(body.Replace("lstm", "rnn_tanh"), "sweep-key")).ProblemAsync(422, "idempotency_mismatch");

        await Client.EndSweepAsync(first.Text("id"));
        await (await Client.PostAsync($"/api/v1/sweeps/{first.Text("id")}/cancel", null, Cancellation)).ProblemAsync(409, "conflict");
        await (await Client.GetAsync("/api/v1/sweeps/none", Cancellation)).ProblemAsync(404, "not_found");
        await (await Client.PostAsync("/api/v1/sweeps/none/cancel", null, Cancellation)).ProblemAsync(404, "not_found");
        var second = await Client.StartSweepAsync(body);
        await Client.EndSweepAsync(second);
        var page = await Client.GetFromJsonAsync<JsonElement>("/api/v1/sweeps?limit=1", Cancellation);
        Assert.Equal(second, page.Text("first_id"));
        Assert.False(page.GetProperty("data")[0].TryGetProperty("results", out _));
        Assert.Equal(2, page.GetProperty("data")[0].GetProperty("result").GetProperty("version").GetInt32());
        Assert.True(page.GetProperty("has_more").GetBoolean());
    }

    [Theory]
    [InlineData(""" "grid":{} """, 422, "invalid", "/grid")]
    [InlineData(""" "grid":{"network.cell":[]} """, 422, "invalid", "/grid/network.cell")]
    [InlineData(""" "grid":{"network.cell":["gru","tree"]} """, 422, "invalid", "/grid/network.cell/1")]
    [InlineData(""" "grid":{"network.cell":["gru","gru"]} """, 422, "invalid", "/grid/network.cell/1")]
    [InlineData(""" "grid":{"network.cell":"gru"} """, 400, "malformed", "/grid/network.cell")]
    [InlineData(""" "grid":{"network.hiden_size":[8]} """, 400, "malformed", "/grid/network.hiden_size")]
    [InlineData(""" "grid":{"model":["a"]} """, 400, "malformed", "/grid/model")]
    [InlineData(""" "grid":{"network.hidden_size":[8,"much"]} """, 400, "malformed", "/grid/network.hidden_size/1")]
    [InlineData(""" "grid":{"network.hidden_size":[8,16,0]} """, 422, "invalid", "/grid/network.hidden_size/2")]
    [InlineData(""" "network":{"hidden_size":8},"grid":{"network.hidden_size":[8]} """, 422, "invalid", "/network/hidden_size")]
    [InlineData(""" "network":{"forget_bias":2},"grid":{"network.cell":["lstm","gru"]} """, 422, "invalid", "/grid/network.cell/1")]
    [InlineData(""" "network":{"layers":99},"grid":{"network.cell":["lstm","gru"]} """, 422, "invalid", "/network/layers")]
    [InlineData(""" "grid":{"init_from":[null,"nobody"]} """, 422, "invalid", "/grid/init_from/1")]
    [InlineData(""" "grid":{"network.layers":[1,2]},"objective":"test.loss" """, 422, "invalid", "/objective")]
    [InlineData(""" "grid":{"network.layers":[1,2]},"objective":"validation.bleu" """, 422, "invalid", "/objective")]
    [InlineData(""" "grid":{"network.layers":[1,2,3,4,5,6,7,8],"network.hidden_size":[1,2,3,4,5,6,7,8,9]} """, 422, "limit_exceeded", "/grid")]
    public async Task What_cannot_be_carried_out_is_refused_with_its_place(string grid, int status, string kind, string pointer)
    {
        var problem = await (await Client.PostSweepAsync($$"""{"dataset":"texts","model":"refused",{{grid}}}""")).ProblemAsync(status, kind);

        Assert.Equal([pointer], problem.GetProperty("errors").EnumerateArray().Select(error => error.Text("pointer")));
        await using var context = fixture.Service.Context();
        Assert.False(await context.TrainingJobs.AnyAsync(job => job.Model == "refused", Cancellation));
    }

    [Fact]
    public async Task Every_wrong_value_is_told_and_what_only_fails_together_at_both_values()
    {
        var problem = await (await Client.PostSweepAsync("""{"dataset":"texts","model":"refused","grid":{"network.cell":["lstm","gru","tree"],"network.forget_bias":["chrono",2,99]}}""")).ProblemAsync(422, "invalid");

        Assert.Contains("6 of 9 combinations", problem.Text("detail"));
        // gru takes no number, and no cell 99.
        Assert.Equal(["/grid/network.cell/2", "/grid/network.forget_bias/1", "/grid/network.forget_bias/2"], problem.GetProperty("errors").EnumerateArray().Select(error => error.Text("pointer")).Distinct().Order());
    }

    [Fact]
    public async Task A_sweep_is_one_of_the_waiting_jobs_or_not_at_all()
    {
        await using var service = await RunningService.StartAsync("--RnnService:Limits:QueuedJobs=3");
        foreach (var (name, file, task, content) in TinyTasks.Datasets.Where(one => one.Name == "story")) await service.Client.UploadAsync(name, content, file, task);

        await (await service.Client.PostSweepAsync("""{"dataset":"story","model":"many","grid":{"network.layers":[1,2,3,4]}}""")).ProblemAsync(429, "rate_limited");
        await using var context = service.Context();
        Assert.False(await context.TrainingJobs.AnyAsync(Cancellation));
    }
}
