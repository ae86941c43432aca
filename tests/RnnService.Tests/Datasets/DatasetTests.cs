using System.Net;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.Tests.Datasets;

/// <summary>What is stored comes back as it was, and is described truly.</summary>
public sealed class DatasetTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_upload_answers_what_the_file_holds()
    {
        var response = await fixture.Client.UploadAsync("described", Uploads.Good);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var dataset = await response.JsonAsync();
        Assert.Equal("described", dataset.Text("name"));
        Assert.Equal("sequence_classification", dataset.Text("task"));
        Assert.Equal("text", dataset.Text("input"));
        Assert.Equal(3, dataset.GetProperty("rows").GetInt32());
        Assert.Equal(Encoding.UTF8.GetByteCount(Uploads.Good), dataset.GetProperty("bytes").GetInt32());
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(Uploads.Good))), dataset.Text("sha256"));
        Assert.Equal(2, dataset.GetProperty("labels").GetProperty("positive").GetInt32());
        Assert.Equal(1, dataset.GetProperty("labels").GetProperty("negative").GetInt32());
        Assert.Equal(2, dataset.GetProperty("lengths").GetProperty("min").GetInt32());
        Assert.Equal(3, dataset.GetProperty("lengths").GetProperty("p50").GetInt32());
        Assert.Equal(3, dataset.GetProperty("lengths").GetProperty("max").GetInt32());
        Assert.Equal($"/api/v1/datasets/{dataset.Text("id")}", response.Headers.Location?.ToString());
        Assert.True(DateTimeOffset.UtcNow - dataset.GetProperty("created_at").GetDateTimeOffset() < TimeSpan.FromMinutes(1));

        foreach (var reference in new[] { dataset.Text("id"), "described" })
        {
            var found = await (await fixture.Client.GetAsync($"/api/v1/datasets/{reference}", Cancellation)).JsonAsync();
            Assert.Equal(dataset.ToString(), found.ToString());
        }
    }

    [Fact]
    public async Task Quoted_line_ends_byte_order_mark_and_blank_lines_are_read_and_kept()
    {
        var bytes = Encoding.UTF8.GetBytes("\uFEFFlabel,text\r\nx,\"first\r\nsecond, \"\"quoted\"\"\"\r\n\r\ny,5\" disk — café\r\n");
        Assert.Equal(HttpStatusCode.Created, (await fixture.Client.UploadAsync("quoted", bytes)).StatusCode);
        var content = await fixture.Client.GetAsync("/api/v1/datasets/quoted/content", Cancellation);
        Assert.Equal(bytes, await content.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal("text/csv", content.Content.Headers.ContentType?.MediaType);

        var examples = Read("quoted");
        Assert.Equal(["first\r\nsecond, \"quoted\"", "5\" disk — café"], examples.Select(example => example.Text));
        Assert.Equal(["x", "y"], examples.Select(example => example.Label));
    }

    [Fact]
    public async Task Tabs_tokens_and_frames_are_read()
    {
        Assert.Equal(HttpStatusCode.Created, (await fixture.Client.UploadAsync("tabs", "text\tlabel\na, b\tx\nc\ty\n", "data.tsv")).StatusCode);
        Assert.Equal("a, b", Read("tabs")[0].Text);

        Assert.Equal(HttpStatusCode.Created, (await fixture.Client.UploadAsync("tokens", "{\"tokens\":[\"a\",\"b\"],\"label\":1}\n\n{\"label\":\"y\",\"tokens\":[\"c\"]}", "data.jsonl")).StatusCode);
        Assert.Equal(["a", "b"], Read("tokens")[0].Tokens);
        Assert.Equal(["1", "y"], Read("tokens").Select(example => example.Label));

        var frames = await fixture.Client.UploadAsync("frames", "{\"frames\":[[1,-2.5],[3,4e2]],\"label\":\"x\"}\n{\"frames\":[[0,0]],\"label\":\"y\"}\n", "data.ndjson");
        Assert.Equal(2, (await frames.JsonAsync()).GetProperty("feature_size").GetInt32());
        Assert.Equal([3f, 400f], Read("frames")[0].Frames![1]);
    }

    [Fact]
    public async Task A_file_of_several_chunks_comes_back_byte_by_byte()
    {
        var lines = Enumerable.Range(0, 60_000).Select(row => $"row {row} {new string((char)('a' + row % 26), row % 90)} é,{(row % 2 == 0 ? "even" : "odd")}");
        var bytes = Encoding.UTF8.GetBytes("text,label\n" + string.Join("\n", lines) + "\n");
        Assert.True(bytes.Length > BlobWriter.ChunkBytes);
        var dataset = await (await fixture.Client.UploadAsync("chunks", bytes)).JsonAsync();
        Assert.Equal(60_000, dataset.GetProperty("rows").GetInt32());
        Assert.Equal(bytes, await fixture.Client.GetByteArrayAsync("/api/v1/datasets/chunks/content", Cancellation));
        Assert.Equal(60_000, Read("chunks").Count);
    }

    [Fact]
    public async Task The_same_again_answers_the_existing_one_and_other_content_conflicts()
    {
        var first = await (await fixture.Client.UploadAsync("twice", Uploads.Good)).JsonAsync();
        var again = await fixture.Client.UploadAsync("twice", Uploads.Good);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(first.Text("id"), (await again.JsonAsync()).Text("id"));
        var other = await fixture.Client.UploadAsync("twice", Uploads.Good + "more,positive\n");
        Assert.Contains("/api/v1/datasets/twice", (await other.ProblemAsync(409, "conflict")).Text("hint"));
    }

    [Fact]
    public async Task Uploads_of_one_name_at_once_leave_one_dataset()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => fixture.Client.UploadAsync("race", Uploads.Good)));
        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.Created);
        Assert.All(answers, answer => Assert.True(answer.IsSuccessStatusCode));
        Assert.Single((await Task.WhenAll(answers.Select(answer => answer.JsonAsync()))).Select(dataset => dataset.Text("id")).Distinct());
    }

    [Fact]
    public async Task Warnings_tell_of_repeats_contradictions_and_imbalance()
    {
        var rows = string.Join("\n", Enumerable.Range(0, 50).Select(row => $"text {row},many"));
        var dataset = await (await fixture.Client.UploadAsync("warned", $"text,label\n{rows}\ntext 1,many\ntext 2,few\nlast,few\n")).JsonAsync();
        var warnings = dataset.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString() ?? "").ToArray();
        Assert.Contains(warnings, warning => warning.StartsWith("2 of 53 rows repeat", StringComparison.Ordinal));
        Assert.Contains(warnings, warning => warning.StartsWith("1 of the repeated", StringComparison.Ordinal));
        Assert.Contains(warnings, warning => warning.Contains("unbalanced", StringComparison.Ordinal));
        Assert.Contains(warnings, warning => warning.Contains("fewer than 5", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_dataset_is_deleted_with_its_bytes_unless_a_live_job_needs_it()
    {
        var id = (await (await fixture.Client.UploadAsync("deleted", Uploads.Good)).JsonAsync()).Text("id");
        await using (var context = fixture.Service.Context())
        {
            context.Add(new TrainingJobRow { Id = "job_live", Model = "m", DatasetId = "other", TestDatasetId = id, SpecJson = "{}", WarningsJson = "[]", Status = JobStatus.Running });
            await context.SaveChangesAsync(Cancellation);
        }
        var refused = await fixture.Client.DeleteAsync("/api/v1/datasets/deleted", Cancellation);
        Assert.Contains("job_live", (await refused.ProblemAsync(409, "conflict")).Text("detail"));
        await using (var context = fixture.Service.Context())
            await context.TrainingJobs.Where(job => job.Id == "job_live").ExecuteDeleteAsync(Cancellation);

        var blob = Row("deleted").BlobId;
        Assert.Equal(HttpStatusCode.NoContent, (await fixture.Client.DeleteAsync($"/api/v1/datasets/{id}", Cancellation)).StatusCode);
        await (await fixture.Client.GetAsync("/api/v1/datasets/deleted", Cancellation)).ProblemAsync(404, "not_found");
        await (await fixture.Client.DeleteAsync("/api/v1/datasets/deleted", Cancellation)).ProblemAsync(404, "not_found");
        await (await fixture.Client.GetAsync("/api/v1/datasets/deleted/content", Cancellation)).ProblemAsync(404, "not_found");
        await using var after = fixture.Service.Context();
        Assert.False(await after.BlobChunks.AnyAsync(chunk => chunk.BlobId == blob, Cancellation));
    }

    private DatasetRow Row(string name)
    {
        using var context = fixture.Service.Context();
        return context.Datasets.Single(row => row.Name == name);
    }

    private List<DatasetExample> Read(string name) =>
        [.. fixture.Service.App.Services.GetRequiredService<DatasetReader>().Read(Row(name), Cancellation)];
}
