using System.Net;
using System.Text.Json;
using RnnService.Demo;
using RnnService.Tests.Datasets;

namespace RnnService.Tests.TrainingJobs;

/// <summary>What is wrong with a job is said when it is submitted, not found out by the worker.</summary>
public sealed class JobErrorTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>, IAsyncLifetime
{
    private HttpClient Client => fixture.Client;

    public async ValueTask InitializeAsync()
    {
        await Client.UploadAsync("good", Uploads.Good);
        await Client.UploadAsync("other-labels", "text,label\na,positive\nb,sideways\n");
        await Client.UploadAsync("videos", VideoSamples.ToJsonLines(VideoSamples.Make(12, 1)), "videos.jsonl");
        await Client.UploadAsync("wide", "{\"frames\":[[1,2]],\"label\":\"left\"}\n{\"frames\":[[1,2]],\"label\":\"right\"}\n", "wide.jsonl");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("""{"dataset":"none","model":"m"}""", "/dataset")]
    [InlineData("""{"dataset":"good","model":"Bad Name"}""", "/model")]
    [InlineData("""{"dataset":"good","model":"m","name":"Bad Name"}""", "/name")]
    [InlineData("""{"dataset":"good","model":"m","validation_dataset":"none"}""", "/validation_dataset")]
    [InlineData("""{"dataset":"good","model":"m","test_dataset":"other-labels"}""", "/test_dataset")]
    [InlineData("""{"dataset":"good","model":"m","validation_dataset":"videos"}""", "/validation_dataset")]
    [InlineData("""{"dataset":"videos","model":"m","test_dataset":"wide"}""", "/test_dataset")]
    [InlineData("""{"dataset":"good","model":"m","network":{"hidden_size":100000}}""", "/network/hidden_size")]
    [InlineData("""{"dataset":"good","model":"m","training":{"optimizer":"sdg"}}""", "/training/optimizer")]
    [InlineData("""{"dataset":"videos","model":"m","network":{"embedding_size":8}}""", "/network/embedding_size")]
    public async Task A_value_that_cannot_be_is_422(string body, string where)
    {
        var problem = await (await Client.PostJobAsync(body)).ProblemAsync(422, "invalid");

        Assert.Equal(where, problem.GetProperty("errors")[0].Text("pointer"));
    }

    [Theory]
    [InlineData("""{"dataset":"good"}""", "/model")]
    [InlineData("""{"dataset":"good","model":"m","network":{"hiden_size":8}}""", "/network/hiden_size")]
    [InlineData("""{"dataset":"good","model":"m","network":{"hidden_size":"8"}}""", "/network/hidden_size")]
    [InlineData("""{"dataset":"good","model":"m","training":{"epochs":1.5}}""", "/training/epochs")]
    public async Task A_wrong_form_is_400(string body, string where)
    {
        var problem = await (await Client.PostJobAsync(body)).ProblemAsync(400, "malformed");

        Assert.Equal(where, problem.GetProperty("errors")[0].Text("pointer"));
    }

    [Fact]
    public async Task A_misspelt_field_hints_at_the_nearest_name() => Assert.Contains(
        "hidden_size", (await (await Client.PostJobAsync("""{"dataset":"good","model":"m","network":{"hiden_size":8}}""")).ProblemAsync(400, "malformed")).Text("hint"), StringComparison.Ordinal);

    [Fact]
    public async Task A_shape_that_cannot_fit_in_memory_is_refused_at_submission()
    {
        var frames = "[" + string.Join(",", Enumerable.Repeat("[" + string.Join(",", Enumerable.Repeat("0", 200)) + "]", 4_000)) + "]";
        await Client.UploadAsync("long", $"{{\"frames\":{frames},\"label\":\"a\"}}\n{{\"frames\":{frames},\"label\":\"a\"}}\n{{\"frames\":{frames},\"label\":\"b\"}}\n", "long.jsonl");

        var problem = await (await Client.PostJobAsync("""{"dataset":"long","model":"m","network":{"hidden_size":2048,"layers":8},"training":{"batch_size":4096}}""")).ProblemAsync(422, "invalid");

        Assert.Contains("memory", problem.Text("detail"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("translation", "one.jsonl", "{\"source\":\"a\",\"target\":\"b\"}\n")]
    [InlineData("language_modeling", "one.txt", "short\n")]
    public async Task Too_little_to_hold_a_part_out_is_refused_at_submission(string task, string file, string content)
    {
        var form = new MultipartFormDataContent { { new StringContent($"tiny-{task.Replace('_', '-')}"), "name" }, { new StringContent(task), "task" } };
        form.Add(new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(content)), "file", file);
        var dataset = await (await Client.PostAsync("/api/v1/datasets", form, TestContext.Current.CancellationToken)).JsonAsync();

        var problem = await (await Client.PostJobAsync($$"""{"dataset":"{{dataset.Text("id")}}","model":"m"}""")).ProblemAsync(422, "invalid");

        Assert.Contains("validation", problem.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_estimates_and_makes_no_job()
    {
        var body = new StringContent("""{"dataset":"good","model":"dry"}""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));

        var answer = await Client.PostAsync("/api/v1/training-jobs?dry_run=true", body, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var estimate = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("good", estimate.GetProperty("spec").Text("dataset"));
        foreach (var figure in new[] { "parameters", "steps", "estimated_memory_bytes", "estimated_seconds" })
            Assert.True(estimate.GetProperty(figure).GetDouble() > 0, figure);

        using var context = fixture.Service.Context();
        Assert.DoesNotContain(context.TrainingJobs, job => job.Model == "dry");
    }

    [Theory]
    [InlineData("rare", "the cat sat on the mat and ", "\"tokenizer\":{\"min_frequency\":1000}", "/tokenizer/min_frequency", "min_frequency")]
    [InlineData("one-word", "aaaaaaaaaaaaaaaaaaaaaaaaa", "\"tokenizer\":{\"kind\":\"word\"}", "/tokenizer/kind", "tokenizer.kind")]
    public async Task What_only_the_text_tells_is_told_by_a_dry_run_and_by_the_job(string name, string text, string spec, string where, string hint)
    {
        await Client.UploadAsync(name, string.Concat(Enumerable.Repeat(text, 20)), $"{name}.txt", "language_modeling");
        var body = $$"""{"dataset":"{{name}}","model":"{{name}}",{{spec}}}""";

        var dry = await Client.PostAsync("/api/v1/training-jobs?dry_run=true", new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")), TestContext.Current.CancellationToken);
        Assert.Equal(where, (await dry.ProblemAsync(422, "invalid")).GetProperty("errors")[0].Text("pointer"));
        Assert.Matches($"^(No token|The validation).*{hint}", (await Client.EndAsync(await Client.StartJobAsync(body), "failed")).Text("error"));
    }

    [Fact]
    public async Task Numbers_no_network_holds_are_not_the_learning_rates_fault()
    {
        await Client.UploadAsync("vast", string.Concat(Enumerable.Range(0, 30).Select(i => $$"""{"frames":[[{{(i % 2 == 0 ? "" : "-")}}1e30,{{i}}],[0,0]],"label":"{{i % 2}}"}{{"\n"}}""")), "vast.jsonl");
        var job = await Client.StartJobAsync("""{"dataset":"vast","model":"vast","network":{"hidden_size":4,"bidirectional":false},"features":{"scaling":"none"}}""");

        Assert.Matches("features.scaling", (await Client.EndAsync(job, "failed")).Text("error"));
        await Client.EndAsync(await Client.StartJobAsync("""{"dataset":"vast","model":"vast","network":{"hidden_size":4},"features":{"scaling":"robust"},"training":{"epochs":1}}"""));
    }

    [Fact]
    public async Task Labels_of_one_row_each_are_learnt_with_a_warning()
    {
        await Client.UploadAsync("unique", "text,label\na,1\nb,2\nc,3\n");

        var job = await Client.EndAsync(await Client.StartJobAsync("""{"dataset":"unique","model":"unique","network":{"hidden_size":4},"training":{"epochs":1}}"""));

        Assert.Contains(job.GetProperty("warnings").EnumerateArray(), warning => warning.GetString()!.Contains("nothing is held out", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("training-jobs?dryrun=true", """{"dataset":"good","model":"m"}""", "dry_run")]
    [InlineData("training-jobs?dry_run=true&x=1", """{"dataset":"good","model":"m"}""", "dry_run")]
    [InlineData("sweeps?dry_run=true", """{"dataset":"good","model":"m","grid":{"training.seed":[1,2]}}""", "leave the query out")]
    public async Task A_query_that_nobody_reads_starts_nothing(string path, string body, string hint)
    {
        var answer = await Client.PostAsync($"/api/v1/{path}", new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")), TestContext.Current.CancellationToken);

        Assert.Contains(hint, (await answer.ProblemAsync(400, "malformed")).Text("hint"));
    }

    [Theory]
    [InlineData("utf8")]
    [InlineData("windows-1252")]
    public async Task A_charset_that_is_not_known_is_415(string charset)
    {
        var body = new StringContent("""{"dataset":"good","model":"m"}""");
        body.Headers.Remove("Content-Type");
        body.Headers.TryAddWithoutValidation("Content-Type", $"application/json; charset={charset}");

        Assert.Contains("no charset", (await (await Client.PostAsync("/api/v1/training-jobs", body, TestContext.Current.CancellationToken)).ProblemAsync(415, "unsupported_media_type")).Text("hint"));
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("DELETE", "")]
    [InlineData("POST", "/cancel")]
    [InlineData("POST", "/resume")]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/events")]
    public async Task A_job_that_is_not_there_is_404(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/v1/training-jobs/job_none{path}");

        await (await Client.SendAsync(request, TestContext.Current.CancellationToken)).ProblemAsync(404, "not_found");
    }
}
