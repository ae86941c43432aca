using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RnnService.Tests.Datasets;

namespace RnnService.Tests.TrainingJobs.Insight;

/// <summary>What a job shows of its gradients, and what becomes of its advice: on the real host, over real sockets.</summary>
public sealed class GradientFlowTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>, IAsyncLifetime
{
    private const int Lag = 31;
    private const string OneDirection = "\"bidirectional\":false,\"pooling\":\"last\",\"hidden_size\":32,\"embedding_size\":16,\"dropout\":0,\"embedding_dropout\":0";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Client => fixture.Client;

    public async ValueTask InitializeAsync()
    {
        await Client.UploadSentencesAsync();
        await Client.UploadAsync("recall", Recall(1_600, 1), "recall.jsonl");
        await Client.UploadAsync("recall-test", Recall(300, 2), "recall-test.jsonl");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The label is the first of many tokens, and only the last state is read: the gradient must come all the way back.</summary>
    private static string Recall(int rows, int seed)
    {
        var random = new Random(seed);
        string[] Row() => [.. Enumerable.Range(0, Lag).Select(_ => ((char)('a' + random.Next(4))).ToString())];
        return string.Concat(Enumerable.Range(0, rows).Select(_ => Row()).Select(tokens => JsonSerializer.Serialize(new { tokens, label = tokens[0] }) + "\n"));
    }

    [Fact]
    public async Task A_network_that_forgets_is_called_vanishing_and_its_advice_alone_solves_the_task()
    {
        var id = await Client.StartJobAsync($$"""{"dataset":"recall","test_dataset":"recall-test","model":"recall","network":{"cell":"rnn_tanh","recurrent_init":"uniform",{{OneDirection}} },"training":{"epochs":10,"learning_rate":0.005} }""");
        var job = await Client.EndAsync(id);
        Assert.True(Accuracy(job) < 0.5, $"accuracy {Accuracy(job)}");
        var points = await FlowAsync(id);
        var last = points[^1];
        Assert.Equal(("vanishing", "forward", Lag), (last.Text("verdict"), last.Text("direction"), last.GetProperty("needed_steps").GetInt32()));
        Assert.Equal(Lag, last.GetProperty("lag_gradient_norm").GetArrayLength());
        Assert.True(last.GetProperty("lag_gradient_norm")[Lag - 1].GetDouble() < 0.01 * last.GetProperty("lag_gradient_norm")[0].GetDouble());
        Assert.InRange(last.GetProperty("decay_per_step").GetDouble(), 0.01, 0.9);
        Assert.InRange(last.GetProperty("effective_memory_steps").GetInt32(), 1, Lag - 5);
        Assert.Equal(JsonValueKind.Null, last.GetProperty("bptt_steps").ValueKind);
        var advice = last.GetProperty("advice")[0];
        Assert.Equal("gated_cell", advice.Text("code"));
        Assert.Equal("""{"network.cell":"lstm","network.forget_bias":"chrono"}""", JsonSerializer.Serialize(advice.GetProperty("change")));
        Assert.Contains("steps back", advice.Text("evidence"), StringComparison.Ordinal);

        using var response = await Client.PostAsync($"/api/v1/training-jobs/{id}/apply-advice", null, Cancellation);
        var forked = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal($"/api/v1/training-jobs/{forked.Text("id")}", response.Headers.Location?.ToString());
        var solved = await Client.EndAsync(forked.Text("id"));
        Assert.True(Accuracy(solved) > 0.99, $"accuracy {Accuracy(solved)}");
        Assert.Equal("healthy", (await FlowAsync(forked.Text("id")))[^1].Text("verdict"));
        // Nothing else changed, neither in the fork nor in the job that was advised.
        var (before, after) = (job.GetProperty("spec"), solved.GetProperty("spec"));
        Assert.Equal(before.GetProperty("training").ToString(), after.GetProperty("training").ToString());
        Assert.Equal((await Client.JobAsync(id)).ToString(), job.ToString());
    }

    [Fact]
    public async Task Points_ascend_by_step_are_told_as_events_and_read_as_csv()
    {
        var id = await Client.StartJobAsync("""{"dataset":"sentences","model":"flows","network":{"cell":"lstm","hidden_size":16,"embedding_size":16},"training":{"epochs":4}}""");
        var job = await Client.EndAsync(id);
        var points = await FlowAsync(id);
        Assert.Equal(points.Select(point => point.GetProperty("step").GetInt64()).Order(), points.Select(point => point.GetProperty("step").GetInt64()));
        Assert.Equal(job.GetProperty("progress").GetProperty("step").GetInt64(), points[^1].GetProperty("step").GetInt64());
        // Two directions, each through h and, in an LSTM, through c.
        Assert.Equal(["backward", "forward"], points.Select(point => point.Text("direction")).Distinct().Order());
        Assert.All(points, point =>
        {
            Assert.Equal(point.GetProperty("lag_gradient_norm").GetArrayLength(), point.GetProperty("cell_lag_gradient_norm").GetArrayLength());
            Assert.Equal(["input", "forget", "output"], point.GetProperty("gate_means").EnumerateObject().Select(gate => gate.Name));
            Assert.InRange(point.GetProperty("saturation_fraction").GetDouble(), 0, 1);
            Assert.InRange(point.GetProperty("gradient_norm").GetProperty("clipped_fraction").GetDouble(), 0, 1);
            Assert.True(point.GetProperty("gradient_norm").GetProperty("after_clip").GetDouble() <= point.GetProperty("gradient_norm").GetProperty("before_clip").GetDouble());
            Assert.True(point.GetProperty("recurrent_spectral_radius").GetDouble() > 0);
        });
        Assert.True(points[0].GetProperty("weight_norm").GetDouble() > points[0].GetProperty("update_norm").GetDouble());
        var told = (await Client.EventsAsync(id)).Where(happened => happened.Kind == "gradient_flow").SelectMany(happened => happened.Data.GetProperty("data").EnumerateArray());
        Assert.Equal(points.Select(point => point.ToString()), told.Select(point => point.ToString()));

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/training-jobs/{id}/gradient-flow");
        request.Headers.Add("Accept", "text/csv");
        var lines = (await (await Client.SendAsync(request, Cancellation)).Content.ReadAsStringAsync(Cancellation)).TrimEnd().Split('\n');
        Assert.Equal("step,part,layer,direction,lag,lag_gradient_norm,cell_lag_gradient_norm", lines[0]);
        Assert.Equal(points.Sum(point => point.GetProperty("lag_gradient_norm").GetArrayLength()), lines.Length - 1);
        var cells = lines[^1].Split(',');
        Assert.Equal(points[^1].GetProperty("cell_lag_gradient_norm").EnumerateArray().Last().GetDouble(), double.Parse(cells[^1], CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_language_model_says_where_its_chunks_cut_the_gradient()
    {
        var random = new Random(5);
        var words = new[] { "the sea", "a ship", "the wind", "an island" };
        var text = string.Concat(Enumerable.Range(0, 900).Select(_ => words[random.Next(words.Length)] + " "));
        await Client.UploadAsync("seas", text, "seas.txt", "language_modeling");
        var id = await Client.StartJobAsync("""{"dataset":"seas","model":"seas","network":{"cell":"lstm","hidden_size":24,"forget_bias":5},"training":{"epochs":2,"bptt_steps":6,"batch_size":4} }""");
        await Client.EndAsync(id);
        var last = (await FlowAsync(id))[^1];
        Assert.Equal((6, 6), (last.GetProperty("bptt_steps").GetInt32(), last.GetProperty("lag_gradient_norm").GetArrayLength()));
        Assert.True(last.GetProperty("effective_memory_steps").GetInt32() <= 6);
        var longer = last.GetProperty("advice").EnumerateArray().Single(advice => advice.Text("code") == "longer_chunks");
        Assert.Contains("exactly 0", longer.Text("evidence"), StringComparison.Ordinal);
        using var response = await Client.PostAsJsonAsync($"/api/v1/training-jobs/{id}/apply-advice", new { code = "longer_chunks" }, Cancellation);
        Assert.Equal(12, (await response.JsonAsync()).GetProperty("spec").GetProperty("training").GetProperty("bptt_steps").GetInt32());
    }

    [Fact]
    public async Task What_cannot_be_advised_is_refused_with_a_reason()
    {
        await Client.UploadAsync("points", "x,label,y\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"{i},{(i < 20 ? "low" : "high")},1\n")), "points.csv", "vector_classification");
        var vectors = await Client.StartJobAsync("""{"dataset":"points","model":"points","training":{"epochs":2} }""");
        Assert.False((await Client.EndAsync(vectors)).GetProperty("spec").GetProperty("training").TryGetProperty("gradient_flow", out _));
        Assert.Empty(await FlowAsync(vectors));
        Assert.Equal(HttpStatusCode.Conflict, (await Client.PostAsync($"/api/v1/training-jobs/{vectors}/apply-advice", null, Cancellation)).StatusCode);
        using var refused = await Client.PostJobAsync("""{"dataset":"points","model":"points","training":{"gradient_flow":true} }""");
        Assert.Equal("/training/gradient_flow", (await refused.JsonAsync()).GetProperty("errors")[0].Text("pointer"));

        var off = await Client.StartJobAsync("""{"dataset":"sentences","model":"off","network":{"hidden_size":8},"training":{"epochs":1,"gradient_flow":false} }""");
        await Client.EndAsync(off);
        Assert.Empty(await FlowAsync(off));
        Assert.DoesNotContain(await Client.EventsAsync(off), happened => happened.Kind == "gradient_flow");

        Assert.Equal(HttpStatusCode.NotFound, (await Client.GetAsync("/api/v1/training-jobs/job_none/gradient-flow", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Client.PostAsync("/api/v1/training-jobs/job_none/apply-advice", null, Cancellation)).StatusCode);
        var id = await Client.StartJobAsync($$"""{"dataset":"recall","model":"short","network":{"cell":"rnn_tanh","recurrent_init":"uniform",{{OneDirection}} },"training":{"epochs":1} }""");
        await Client.EndAsync(id);
        using var unknown = await Client.PostAsJsonAsync($"/api/v1/training-jobs/{id}/apply-advice", new { code = "more_power" }, Cancellation);
        var problem = await unknown.JsonAsync();
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "/code"), (unknown.StatusCode, problem.GetProperty("errors")[0].Text("pointer")));
        Assert.Contains("gated_cell", problem.Text("hint"), StringComparison.Ordinal);
        using var misspelt = await Client.PostAsJsonAsync($"/api/v1/training-jobs/{id}/apply-advice", new { cod = "gated_cell" }, Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, misspelt.StatusCode);
    }

    /// <summary>Rescued or failed with what to set, but never a number that is none.</summary>
    [Theory]
    [InlineData("lstm", "adam")]
    [InlineData("rnn_relu", "adam")]
    [InlineData("rnn_relu", "sgd")]
    [InlineData("gru", "sgd")]
    public async Task A_rate_of_ten_without_clipping_is_rescued_or_fails_with_what_to_set(string cell, string optimizer)
    {
        var id = await Client.StartJobAsync($$"""{"dataset":"recall","model":"wild","network":{"cell":"{{cell}}",{{OneDirection}} },"training":{"epochs":2,"learning_rate":10,"clip_norm":0,"optimizer":"{{optimizer}}"} }""");
        var job = await Client.WaitAsync(id, job => job.Text("status") is "succeeded" or "failed");
        var warnings = job.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()!).Where(warning => warning.Contains("half the learning rate", StringComparison.Ordinal)).ToList();
        Assert.Equal(warnings, (await Client.EventsAsync(id)).Where(happened => happened.Kind == "warning").Select(happened => happened.Data.Text("message")).Where(warnings.Contains));
        if (job.Text("status") == "failed")
        {
            Assert.Equal(3, warnings.Count);
            Assert.Matches(@"^Training diverged in step \d+: .* Set training\.learning_rate to 0\.\d+ \(now 10\) and training\.clip_norm to 1 \(now 0: nothing is clipped\)\.$", job.Text("error"));
        }
        else
        {
            Assert.True(double.IsFinite(job.GetProperty("metrics").GetProperty("validation").GetProperty("loss").GetDouble()));
        }
    }

    [Fact]
    public async Task A_rescued_job_is_advised_the_rate_that_worked()
    {
        var id = await Client.StartJobAsync($$"""{"dataset":"recall","model":"rescued","network":{"cell":"rnn_relu","recurrent_init":"identity",{{OneDirection}} },"training":{"epochs":2,"learning_rate":0.2,"clip_norm":0,"optimizer":"sgd"} }""");
        var job = await Client.EndAsync(id);
        var rescues = job.GetProperty("warnings").EnumerateArray().Count(warning => warning.GetString()!.Contains("half the learning rate", StringComparison.Ordinal));
        Assert.InRange(rescues, 1, 3);
        var advice = (await FlowAsync(id))[^1].GetProperty("advice").EnumerateArray().Last(given => given.Text("code") == "lower_learning_rate");
        Assert.Equal(0.2 * Math.Pow(0.5, rescues), advice.GetProperty("change").GetProperty("training.learning_rate").GetDouble());
    }

    private static double Accuracy(JsonElement job) => job.GetProperty("metrics").GetProperty("test").GetProperty("accuracy").GetDouble();

    private async Task<JsonElement[]> FlowAsync(string id) =>
        [.. (await Client.GetFromJsonAsync<JsonElement>($"/api/v1/training-jobs/{id}/gradient-flow", Cancellation)).GetProperty("data").EnumerateArray()];
}
