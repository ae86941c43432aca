using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;
using RnnService.TrainingJobs;

namespace RnnService.Tests.Http;

/// <summary>What holds for every address.</summary>
public sealed class HttpTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Health_is_json()
    {
        foreach (var path in new[] { "/health/live", "/health/ready" })
        {
            var response = await fixture.Client.GetAsync(path, Cancellation);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("ok", (await response.JsonAsync()).Text("status"));
        }
    }

    [Fact]
    public async Task An_unknown_address_is_a_problem() =>
        await (await fixture.Client.GetAsync("/api/v1/nothing", Cancellation)).ProblemAsync(404, "not_found");

    [Fact]
    public async Task A_wrong_method_is_told_the_right_ones()
    {
        var response = await fixture.Client.PutAsync("/api/v1/datasets", new StringContent(""), Cancellation);
        Assert.Contains("GET, POST", (await response.ProblemAsync(405, "method_not_allowed")).Text("hint"));
        Assert.Equal(["GET", "POST"], response.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("limit=0", 422, "invalid")]
    [InlineData("limit=101", 422, "invalid")]
    [InlineData("limit=many", 400, "malformed")]
    public async Task A_wrong_limit_is_a_problem(string query, int status, string kind) =>
        Assert.Contains("limit", (await (await fixture.Client.GetAsync($"/api/v1/datasets?{query}", Cancellation)).ProblemAsync(status, kind)).Text("detail"));

    [Theory]
    [InlineData("models?limit=2.5", "limit cannot be '2.5'")]
    [InlineData("training-jobs?limit=5&limit=6", "limit cannot be '5,6'")]
    [InlineData("sweeps?limit=99999999999", "limit cannot be '99999999999'")]
    [InlineData("training-jobs/x/metrics?max_points=all", "max_points cannot be 'all'")]
    public async Task What_cannot_be_read_from_the_address_is_named(string path, string detail) =>
        Assert.Contains(detail, (await (await fixture.Client.GetAsync($"/api/v1/{path}", Cancellation)).ProblemAsync(400, "malformed")).Text("detail"));

    [Fact]
    public async Task Another_sites_page_cannot_use_a_browser_on_this_machine()
    {
        using var rebound = new HttpRequestMessage(HttpMethod.Get, "/api/v1/datasets");
        rebound.Headers.Host = "evil.example";
        await (await fixture.Client.SendAsync(rebound, Cancellation)).ProblemAsync(403, "forbidden");

        using var foreign = new HttpRequestMessage(HttpMethod.Delete, "/api/v1/datasets/x");
        foreign.Headers.Add("Origin", "https://evil.example");
        await (await fixture.Client.SendAsync(foreign, Cancellation)).ProblemAsync(403, "forbidden");

        using var own = new HttpRequestMessage(HttpMethod.Delete, "/api/v1/datasets/x");
        own.Headers.Add("Origin", fixture.Client.BaseAddress!.GetLeftPart(UriPartial.Authority));
        await (await fixture.Client.SendAsync(own, Cancellation)).ProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task The_openapi_document_describes_every_operation()
    {
        var document = JsonSerializer.Deserialize<JsonElement>(await fixture.Client.GetStringAsync("/swagger/v1/swagger.json", Cancellation));
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()).ToArray();
        Assert.NotEmpty(operations);
        foreach (var operation in operations.Select(operation => operation.Value))
        {
            var name = operation.Text("operationId");
            Assert.True(operation.TryGetProperty("summary", out _), $"{name} has no summary.");
            var responses = operation.GetProperty("responses").EnumerateObject().ToArray();
            Assert.Contains(responses, response => response.Name[0] == '2' || response.Name == "101");
            var problems = responses.Where(response => response.Name[0] is '4' or '5').ToArray();
            Assert.NotEmpty(problems);
            Assert.All(problems, response => Assert.True(response.Value.GetProperty("content").TryGetProperty("application/problem+json", out _), $"{name} {response.Name}"));
            if (operation.TryGetProperty("requestBody", out var body) && body.GetProperty("content").TryGetProperty("application/json", out var json))
                Assert.True(json.TryGetProperty("example", out _), $"{name} has no example of what to send.");
        }
        Assert.Equal(operations.Length, operations.Select(operation => operation.Value.Text("operationId")).Distinct().Count());
    }

    [Fact]
    public async Task Every_JSON_answer_and_every_path_parameter_has_an_example()
    {
        var document = JsonSerializer.Deserialize<JsonElement>(await fixture.Client.GetStringAsync("/swagger/v1/swagger.json", Cancellation));
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(operation => (Path: path.Name, Method: operation.Name, operation.Value))).ToArray();
        var bare =
            from operation in operations
            from response in operation.Value.GetProperty("responses").EnumerateObject()
            where response.Name[0] == '2' && response.Value.TryGetProperty("content", out var content)
                && content.TryGetProperty("application/json", out var json) && !json.TryGetProperty("example", out _)
            select $"{operation.Method} {operation.Path} {response.Name}";
        Assert.Empty(bare);
        // Deleting must not be one press away.
        var unnamed =
            from operation in operations
            where operation.Method != "delete" && operation.Value.TryGetProperty("parameters", out _)
            from parameter in operation.Value.GetProperty("parameters").EnumerateArray()
            where parameter.Text("in") == "path" && !parameter.TryGetProperty("example", out _)
            select $"{operation.Method} {operation.Path} {parameter.Text("name")}";
        Assert.Empty(unnamed);
    }

    [Fact]
    public void Examples_are_what_the_service_would_answer()
    {
        var strict = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        JsonConventions.Apply(strict);
        var model = JsonSerializer.Deserialize<Page<ModelResponse>>(ModelExamples.List, strict)!.Data[0];
        Assert.Equal(ModelExamples.Name, model.Name);
        var version = JsonSerializer.Deserialize<ModelVersionResponse>(ModelExamples.Version, strict)!;
        Assert.Equal("lstm", version.Receipt.Spec.GetProperty("network").Text("cell"));
        var job = JsonSerializer.Deserialize<Page<TrainingJobResponse>>(TrainingJobExamples.List, strict)!.Data[0];
        Assert.Equal(TrainingJobExamples.Id, job.Id);
        Assert.True(JsonSerializer.Deserialize<TrainingJobResponse>(TrainingJobExamples.Verification, strict)!.Result!.Verification!.Verified);
        Assert.Equal(2, JsonSerializer.Deserialize<MetricsResponse>(TrainingJobExamples.Metrics, strict)!.Data.Count);
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(TrainingJobExamples.Events));
        var events = SseParser.Create(stream).Enumerate().ToArray();
        Assert.Equal(Enumerable.Range(1, 7).Select(number => $"{number}"), events.Select(happened => happened.EventId));
        Assert.Equal(JobStatus.Succeeded, JsonSerializer.Deserialize<DoneEvent>(events.Single(happened => happened.EventType == "done").Data, strict)!.Status);
        Assert.Equal("negative", JsonSerializer.Deserialize<SampleEvent>(events.Single(happened => happened.EventType == "sample").Data, strict)!.Samples[0].Target.ToString());
        Assert.Equal(80, JsonSerializer.Deserialize<JobProgress>(events.Single(happened => happened.EventType == "progress").Data, strict)!.Step);
    }

    [Fact]
    public async Task An_event_stream_is_described_with_an_example()
    {
        var operation = JsonSerializer.Deserialize<JsonElement>(await fixture.Client.GetStringAsync("/swagger/v1/swagger.json", Cancellation))
            .GetProperty("paths").GetProperty("/api/v1/training-jobs/{id}/events").GetProperty("get");
        Assert.Equal(TrainingJobExamples.Events, operation.GetProperty("responses").GetProperty("200").GetProperty("content").GetProperty("text/event-stream").Text("example"));
        Assert.Equal(["id", "Last-Event-ID", "last_event_id"], operation.GetProperty("parameters").EnumerateArray().Select(parameter => parameter.Text("name")));
    }

    [Fact]
    public async Task Both_media_types_of_an_answer_are_described()
    {
        var content = JsonSerializer.Deserialize<JsonElement>(await fixture.Client.GetStringAsync("/swagger/v1/swagger.json", Cancellation))
            .GetProperty("paths").GetProperty("/api/v1/training-jobs/{id}/metrics").GetProperty("get").GetProperty("responses").GetProperty("200").GetProperty("content");
        Assert.True(content.TryGetProperty("text/csv", out _));
        Assert.Equal("#/components/schemas/MetricsResponse", content.GetProperty("application/json").GetProperty("schema").Text("$ref"));
        Assert.Equal(2, content.GetProperty("application/json").GetProperty("example").GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task Swagger_is_served()
    {
        var page = await fixture.Client.GetStringAsync("/swagger/index.html", Cancellation);
        Assert.Contains("swagger-ui", page);
        var form = JsonSerializer.Deserialize<JsonElement>(await fixture.Client.GetStringAsync("/swagger/v1/swagger.json", Cancellation))
            .GetProperty("paths").GetProperty("/api/v1/datasets").GetProperty("post").GetProperty("requestBody")
            .GetProperty("content").GetProperty("multipart/form-data").GetProperty("schema").GetProperty("properties");
        Assert.Equal(["name", "task", "format", "file"], form.EnumerateObject().Select(field => field.Name));
        Assert.Equal("binary", form.GetProperty("file").Text("format"));
    }

    [Fact]
    public async Task Lists_are_paged_newest_first()
    {
        await using var service = await RunningService.StartAsync();
        await using (var context = service.Context())
        {
            for (var row = 0; row < 25; row++)
            {
                context.Add(new BlobRow { Id = $"blob_{row:d2}", Sha256 = "x" });
                context.Add(new DatasetRow
                {
                    Id = $"ds_{row:d2}",
                    Name = $"n{row}",
                    Sha256 = "x",
                    BlobId = $"blob_{row:d2}",
                    SummaryJson = """{"input":"text","labels":{},"lengths":{"min":1,"p50":1,"p95":1,"max":1},"warnings":[]}""",
                });
            }
            await context.SaveChangesAsync(Cancellation);
        }
        var seen = new List<string>();
        var after = "";
        for (var more = true; more;)
        {
            var page = await (await service.Client.GetAsync($"/api/v1/datasets?limit=10{after}", Cancellation)).JsonAsync();
            Assert.Equal("list", page.Text("object"));
            var ids = page.GetProperty("data").EnumerateArray().Select(dataset => dataset.Text("id")).ToArray();
            Assert.Equal(ids[0], page.Text("first_id"));
            Assert.Equal(ids[^1], page.Text("last_id"));
            seen.AddRange(ids);
            more = page.GetProperty("has_more").GetBoolean();
            after = $"&after={page.Text("last_id")}";
        }
        Assert.Equal(Enumerable.Range(0, 25).Reverse().Select(row => $"ds_{row:d2}"), seen);
        var twenty = await (await service.Client.GetAsync("/api/v1/datasets", Cancellation)).JsonAsync();
        Assert.Equal(20, twenty.GetProperty("data").GetArrayLength());
    }
}
