using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Rnn.Tensors;
using RnnService.Demo;
using RnnService.Tests.Datasets;

namespace RnnService.Tests.TrainingJobs;

/// <summary>Jobs from the request to the published version, on the real host.</summary>
public sealed class JobTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>, IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Client => fixture.Client;

    public async ValueTask InitializeAsync() => await Client.UploadSentencesAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Text_is_learnt_measured_and_published()
    {
        var accepted = await Client.PostJobAsync($$"""{"dataset":"sentences","model":"learnt","test_dataset":"sentences-test","name":"first",{{Training.Small}}}""");
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        var id = (await accepted.JsonAsync()).Text("id");
        Assert.Equal($"/api/v1/training-jobs/{id}", accepted.Headers.Location?.ToString());

        var job = await Client.EndAsync(id);

        Assert.Equal(("first", "learnt", "sentences"), (job.Text("name"), job.Text("model"), job.Text("dataset")));
        Assert.Equal(1, job.GetProperty("result").GetProperty("version").GetInt32());
        Assert.Equal(1.0, job.GetProperty("progress").GetProperty("fraction").GetDouble());
        Assert.Equal(0.5, job.GetProperty("baseline").GetProperty("majority").GetProperty("accuracy").GetDouble());
        Assert.Equal(JsonValueKind.Null, job.GetProperty("error").ValueKind);
        Assert.InRange(job.GetProperty("metrics").GetProperty("test").GetProperty("accuracy").GetDouble(), 0.9, 1);
        Assert.InRange(job.GetProperty("metrics").GetProperty("train").GetProperty("loss").GetDouble(), 0, 0.3);
        Assert.InRange(job.GetProperty("metrics").GetProperty("validation").GetProperty("macro_f1").GetDouble(), 0.9, 1);
        Assert.True(job.GetProperty("progress").GetProperty("tokens_per_second").GetDouble() > 0);

        Assert.Equal(id, (await Client.GetFromJsonAsync<JsonElement>("/api/v1/training-jobs/first", Cancellation)).Text("id"));
        Assert.Equal(HttpStatusCode.NotFound, (await Client.GetAsync("/api/v1/training-jobs/second", Cancellation)).StatusCode);

        var version = await Client.GetFromJsonAsync<JsonElement>("/api/v1/models/learnt/versions/1", Cancellation);
        Assert.Equal(job.GetProperty("metrics").ToString(), version.GetProperty("metrics").ToString());
        Assert.Equal(job.GetProperty("spec").ToString(), version.GetProperty("receipt").GetProperty("spec").ToString());
        Assert.Equal(id, version.Text("job"));
        await using var weights = await Client.GetStreamAsync("/api/v1/models/learnt/versions/1/weights", Cancellation);
        using var file = new MemoryStream();
        await weights.CopyToAsync(file, Cancellation);
        file.Position = 0;
        Assert.Equal(version.GetProperty("receipt").Text("weights_sha256"), SafeTensors.Sha256(SafeTensors.Read(file).Tensors.Values));
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_weights_and_another_seed_others()
    {
        async Task<string> train(int seed)
        {
            var job = await Client.EndAsync(await Client.StartJobAsync(
                $$$"""{"dataset":"sentences","model":"seeds","network":{"cell":"lstm","hidden_size":8,"embedding_size":8},"training":{"epochs":1,"seed":{{{seed}}}}}"""));
            var version = await Client.GetFromJsonAsync<JsonElement>($"/api/v1/models/seeds/versions/{job.GetProperty("result").GetProperty("version")}", Cancellation);
            return version.GetProperty("receipt").Text("weights_sha256");
        }

        var first = await train(1);

        Assert.Equal(first, await train(1));
        Assert.NotEqual(first, await train(2));
    }

    [Fact]
    public async Task Frames_are_learnt()
    {
        await Client.UploadAsync("videos", VideoSamples.ToJsonLines(VideoSamples.Make(600, 1)), "videos.jsonl");
        await Client.UploadAsync("videos-test", VideoSamples.ToJsonLines(VideoSamples.Make(120, 2)), "videos-test.jsonl");

        var job = await Client.EndAsync(await Client.StartJobAsync(
            """{"dataset":"videos","model":"motion","test_dataset":"videos-test","network":{"cell":"gru","hidden_size":32},"training":{"epochs":12,"learning_rate":0.005}}"""));

        Assert.False(job.GetProperty("spec").TryGetProperty("tokenizer", out _));
        Assert.InRange(job.GetProperty("metrics").GetProperty("test").GetProperty("accuracy").GetDouble(), 0.6, 1);
    }

    [Fact]
    public async Task Measurements_are_listed_thinned_and_as_csv()
    {
        var id = await Client.StartJobAsync("""{"dataset":"sentences","model":"measured","test_dataset":"sentences-test","network":{"hidden_size":8,"embedding_size":8},"training":{"epochs":3}}""");
        await Client.EndAsync(id);

        var all = (await Client.GetFromJsonAsync<JsonElement>($"/api/v1/training-jobs/{id}/metrics", Cancellation)).GetProperty("data").EnumerateArray().ToList();
        var names = all.Select(point => (point.GetProperty("epoch").GetInt32(), point.Text("split"), point.Text("name"))).ToHashSet();
        foreach (var epoch in new[] { 1, 2, 3 })
        {
            foreach (var name in new[] { "loss", "accuracy", "learning_rate", "gradient_norm", "tokens_per_second" }) Assert.Contains((epoch, "train", name), names);
            foreach (var name in new[] { "loss", "accuracy", "macro_f1" }) Assert.Contains((epoch, "validation", name), names);
        }

        Assert.Contains(all, point => point.Text("split") == "test" && point.Text("name") == "accuracy");
        Assert.Equal(all.Select(point => point.GetProperty("step").GetInt64()).Order(), all.Select(point => point.GetProperty("step").GetInt64()));

        var few = (await Client.GetFromJsonAsync<JsonElement>($"/api/v1/training-jobs/{id}/metrics?max_points=11", Cancellation)).GetProperty("data");
        Assert.InRange(few.GetArrayLength(), 1, 11);
        Assert.Equal(all[^1].GetProperty("step").GetInt64(), few.EnumerateArray().Last().GetProperty("step").GetInt64());

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/training-jobs/{id}/metrics") { Headers = { Accept = { new MediaTypeWithQualityHeaderValue("text/csv") } } };
        var csv = await Client.SendAsync(request, Cancellation);
        Assert.Equal("text/csv", csv.Content.Headers.ContentType?.MediaType);
        var lines = (await csv.Content.ReadAsStringAsync(Cancellation)).TrimEnd().Split('\n');
        Assert.Equal("step,epoch,split,name,value", lines[0]);
        Assert.Equal(all.Count, lines.Length - 1);
        await (await Client.GetAsync($"/api/v1/training-jobs/{id}/metrics?max_points=0", Cancellation)).ProblemAsync(422, "invalid");
    }

    [Fact]
    public async Task A_running_job_can_be_cancelled_resumed_and_deleted_and_the_next_one_waits()
    {
        var id = await Client.StartJobAsync($$"""{"dataset":"sentences","model":"stopped",{{Training.Endless}}}""");
        var waiting = await Client.StartJobAsync($$"""{"dataset":"sentences","model":"stopped",{{Training.Endless}}}""");
        await Client.WaitAsync(id, job => job.GetProperty("progress").GetProperty("epoch").GetInt32() >= 1);
        Assert.Equal("queued", (await Client.JobAsync(waiting)).Text("status"));
        await (await Client.DeleteAsync($"/api/v1/training-jobs/{id}", Cancellation)).ProblemAsync(409, "conflict");
        await (await Client.PostAsync($"/api/v1/training-jobs/{id}/resume", null, Cancellation)).ProblemAsync(409, "conflict");

        await Client.CancelAsync(waiting);
        Assert.Equal(JsonValueKind.Null, (await Client.JobAsync(waiting)).GetProperty("started_at").ValueKind);
        await Client.CancelAsync(id);
        var cancelled = await Client.JobAsync(id);
        Assert.Equal(1, cancelled.GetProperty("result").GetProperty("version").GetInt32());
        await Client.CancelAsync(id);

        Assert.Equal(HttpStatusCode.Accepted, (await Client.PostAsync($"/api/v1/training-jobs/{id}/resume", null, Cancellation)).StatusCode);
        var resumed = await Client.WaitAsync(id, job => job.Text("status") == "running" && job.Step() > cancelled.Step());
        Assert.Equal(JsonValueKind.Null, resumed.GetProperty("finished_at").ValueKind);
        await Client.CancelAsync(id);
        Assert.Equal(2, (await Client.JobAsync(id)).GetProperty("result").GetProperty("version").GetInt32());

        Assert.Equal(HttpStatusCode.NoContent, (await Client.DeleteAsync($"/api/v1/training-jobs/{id}", Cancellation)).StatusCode);
        await (await Client.GetAsync($"/api/v1/training-jobs/{id}", Cancellation)).ProblemAsync(404, "not_found");
        using var context = fixture.Service.Context();
        Assert.DoesNotContain(context.Checkpoints, row => row.JobId == id);
    }

    [Fact]
    public async Task Early_stopping_ends_a_job_that_gets_no_better()
    {
        var job = await Client.EndAsync(await Client.StartJobAsync(
            """{"dataset":"sentences","model":"early","network":{"hidden_size":16,"embedding_size":16},"training":{"epochs":500,"learning_rate":0.02,"early_stopping_patience":2}}"""));

        Assert.InRange(job.GetProperty("progress").GetProperty("epoch").GetInt32(), 3, 499);
    }

    [Fact]
    public async Task An_idempotency_key_makes_one_job_of_two_requests()
    {
        const string body = """{"dataset":"sentences","model":"once","training":{"epochs":1}}""";

        var first = await (await Client.PostJobAsync(body, "job-key")).JsonAsync();
        var second = await (await Client.PostJobAsync(body, "job-key")).JsonAsync();

        Assert.Equal(first.Text("id"), second.Text("id"));
        await (await Client.PostJobAsync(body.Replace("once", "twice", StringComparison.Ordinal), "job-key")).ProblemAsync(422, "idempotency_mismatch");
        await Client.CancelAsync(first.Text("id"));
    }

    [Fact]
    public async Task Jobs_are_listed_newest_first_in_pages()
    {
        List<string> ids = [];
        for (var i = 0; i < 3; i++)
        {
            ids.Add(await Client.StartJobAsync($$"""{"dataset":"sentences","model":"listed",{{Training.Endless}}}"""));
            await Client.CancelAsync(ids[^1]);
        }

        var page = await Client.GetFromJsonAsync<JsonElement>("/api/v1/training-jobs?limit=2", Cancellation);
        Assert.Equal([ids[2], ids[1]], page.GetProperty("data").EnumerateArray().Select(job => job.Text("id")));
        Assert.True(page.GetProperty("has_more").GetBoolean());
        var next = await Client.GetFromJsonAsync<JsonElement>($"/api/v1/training-jobs?limit=1&after={page.Text("last_id")}", Cancellation);
        Assert.Equal(ids[0], next.GetProperty("data")[0].Text("id"));
    }
}
