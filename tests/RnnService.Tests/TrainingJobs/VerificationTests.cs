using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using RnnService.Storage;
using RnnService.Tests.Datasets;
using RnnService.TrainingJobs;

namespace RnnService.Tests.TrainingJobs;

/// <summary>Receipts replayed over HTTP: true ones, and such that somebody has changed.</summary>
public sealed class VerificationTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>, IAsyncLifetime
{
    private const string Quick = """ "network":{"cell":"gru","hidden_size":8,"embedding_size":8},"training":{"epochs":2,"seed":5} """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Client => fixture.Client;

    public async ValueTask InitializeAsync() => await Client.UploadSentencesAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_replay_gives_the_same_bits_and_publishes_nothing()
    {
        await TrainAsync("true", """ "validation_dataset":"sentences-test", """);

        var response = await PostAsync("true", 1);
        var accepted = await response.JsonAsync();
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal($"/api/v1/training-jobs/{accepted.Text("id")}", response.Headers.Location?.ToString());
        Assert.Equal(("queued", "true:1"), (accepted.Text("status"), accepted.Text("verifies")));
        var job = await Client.EndAsync(accepted.Text("id"));

        var receipt = (await VersionAsync("true", 1)).GetProperty("receipt");
        var verdict = Verdict(job);
        Assert.True(verdict.GetProperty("verified").GetBoolean(), verdict.ToString());
        Assert.All(["receipt_sha256", "stored_sha256", "replayed_sha256"], hash => Assert.Equal(receipt.Text("weights_sha256"), verdict.Text(hash)));
        var model = await Client.GetFromJsonAsync<JsonElement>("/api/v1/models/true", Cancellation);
        Assert.Equal(1, model.GetProperty("versions").GetArrayLength());
        Assert.Equal(job.GetProperty("result").ToString(), (await Client.EventsAsync(job.Text("id")))[^1].Data.GetProperty("result").ToString());
        await using var context = fixture.Service.Context();
        Assert.DoesNotContain(context.Checkpoints, row => row.JobId == job.Text("id"));
    }

    [Fact]
    public async Task A_training_that_a_client_or_the_clock_ended_and_one_from_other_weights_are_replayed_to_where_they_ended()
    {
        var id = await Client.StartJobAsync($$"""{"dataset":"sentences","model":"ended",{{Training.Endless}}}""");
        await Client.WaitAsync(id, job => job.GetProperty("progress").GetProperty("epoch").GetInt32() >= 1);
        await Client.CancelAsync(id);
        await Client.EndAsync(await Client.StartJobAsync("""{"dataset":"sentences","model":"ended","network":{"hidden_size":16,"embedding_size":16},"training":{"epochs":10000,"max_minutes":0.02,"early_stopping_patience":0}}"""));
        await Client.EndAsync(await Client.StartJobAsync("""{"dataset":"sentences","model":"ended","init_from":"ended:1","training":{"epochs":1,"seed":9}}"""));

        for (var version = 1; version <= 3; version++)
        {
            var verdict = Verdict(await VerifyAsync("ended", version));
            Assert.True(verdict.GetProperty("verified").GetBoolean(), $"{version}: {verdict}");
        }
    }

    [Theory]
    [InlineData("seed", 6)]
    [InlineData("weights_sha256", "00")]
    public async Task A_receipt_that_was_changed_is_not_verified(string field, object value)
    {
        var model = $"changed-{field.Replace('_', '-')}";
        await TrainAsync(model);
        await ChangeReceiptAsync(model, field, value);

        var verdict = Verdict(await VerifyAsync(model, 1));

        Assert.False(verdict.GetProperty("verified").GetBoolean(), verdict.ToString());
        Assert.Contains("differ", verdict.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stored_weights_that_are_those_of_another_version_or_damaged_are_not_verified()
    {
        await TrainAsync("swapped");
        await TrainAsync("swapped", seed: 6);
        await using var context = fixture.Service.Context();
        var other = context.ModelVersions.Single(row => row.Model == "swapped" && row.Version == 2).BlobId;
        await context.ModelVersions.Where(row => row.Model == "swapped" && row.Version == 1).ExecuteUpdateAsync(set => set.SetProperty(row => row.BlobId, other), Cancellation);

        var swapped = Verdict(await VerifyAsync("swapped", 1));
        Assert.Equal("The replay's weights are bit-identical to those of the receipt, but those stored are not.", swapped.Text("detail"));
        Assert.Equal((await VersionAsync("swapped", 2)).GetProperty("receipt").Text("weights_sha256"), swapped.Text("stored_sha256"));
        Assert.False(swapped.GetProperty("verified").GetBoolean());

        var chunk = await context.BlobChunks.AsTracking().FirstAsync(row => row.BlobId == other, Cancellation);
        chunk.Data = [.. chunk.Data[..^1], (byte)~chunk.Data[^1]];
        await context.SaveChangesAsync(Cancellation);
        var damaged = Verdict(await VerifyAsync("swapped", 2));
        Assert.False(damaged.GetProperty("verified").GetBoolean(), damaged.ToString());
    }

    [Theory]
    [InlineData("engine_version", "0.0.1", "version 0.0.1 of the engine")]
    [InlineData("instruction_set", "arm64-128", "the instruction set arm64-128")]
    public async Task Another_engine_or_instruction_set_cannot_be_compared_and_nothing_is_trained(string field, string value, string reason)
    {
        var model = $"elsewhere-{field.Replace('_', '-')}";
        await TrainAsync(model);
        await ChangeReceiptAsync(model, field, value);

        var job = await VerifyAsync(model, 1);

        Assert.Equal(JsonValueKind.Null, Verdict(job).GetProperty("verified").ValueKind);
        Assert.Contains(reason, Verdict(job).Text("detail"), StringComparison.Ordinal);
        Assert.Equal(0, job.Step());
    }

    [Fact]
    public async Task A_dataset_that_is_gone_or_has_changed_is_a_problem_and_its_content_under_another_name_is_found()
    {
        var content = await Client.GetByteArrayAsync("/api/v1/datasets/sentences/content", Cancellation);
        await Client.UploadAsync("passing", [.. content, .. "a word more,positive\n"u8]);
        await Client.EndAsync(await Client.StartJobAsync($$"""{"dataset":"passing","model":"passing",{{Quick}}}"""));
        var bytes = await Client.GetByteArrayAsync("/api/v1/datasets/passing/content", Cancellation);

        await Client.DeleteAsync("/api/v1/datasets/passing", Cancellation);
        Assert.Contains("was deleted", (await (await PostAsync("passing", 1)).ProblemAsync(409, "conflict")).Text("detail"), StringComparison.Ordinal);
        await Client.UploadAsync("passing", content);
        Assert.Contains("another content", (await (await PostAsync("passing", 1)).ProblemAsync(409, "conflict")).Text("detail"), StringComparison.Ordinal);
        await Client.UploadAsync("back-again", bytes);
        Assert.True(Verdict(await VerifyAsync("passing", 1)).GetProperty("verified").GetBoolean());
        await (await PostAsync("passing", 2)).ProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task A_cancelled_replay_ends_without_a_verdict_and_resumed_it_ends_with_one()
    {
        var trained = await Client.StartJobAsync($$"""{"dataset":"sentences","model":"paused",{{Training.Endless}}}""");
        await Client.WaitAsync(trained, job => job.GetProperty("progress").GetProperty("epoch").GetInt32() >= 60);
        await Client.CancelAsync(trained);

        var id = (await (await PostAsync("paused", 1)).JsonAsync()).Text("id");
        await Client.WaitAsync(id, job => job.GetProperty("progress").GetProperty("epoch").GetInt32() >= 2);
        await Client.CancelAsync(id);
        var cancelled = await Client.JobAsync(id);
        Assert.Equal(JsonValueKind.Null, cancelled.GetProperty("result").ValueKind);

        await Client.PostAsync($"/api/v1/training-jobs/{id}/resume", null, Cancellation);
        Assert.True(Verdict(await Client.EndAsync(id)).GetProperty("verified").GetBoolean());
        Assert.Single((await Client.GetFromJsonAsync<JsonElement>("/api/v1/models/paused", Cancellation)).GetProperty("versions").EnumerateArray());
    }

    private async Task TrainAsync(string model, string more = "", int seed = 5) =>
        await Client.EndAsync(await Client.StartJobAsync($$"""{"dataset":"sentences","model":"{{model}}",{{more}}{{Quick.Replace("5}", $"{seed}}}", StringComparison.Ordinal)}}}"""));

    private Task<HttpResponseMessage> PostAsync(string model, int version) => Client.PostAsync($"/api/v1/models/{model}/versions/{version}/verify", null, Cancellation);

    private async Task<JsonElement> VerifyAsync(string model, int version)
    {
        var accepted = await (await PostAsync(model, version)).JsonAsync();
        return await Client.EndAsync(accepted.Text("id"));
    }

    private Task<JsonElement> VersionAsync(string model, int version) => Client.GetFromJsonAsync<JsonElement>($"/api/v1/models/{model}/versions/{version}", Cancellation);

    private async Task ChangeReceiptAsync(string model, string field, object value)
    {
        await using var context = fixture.Service.Context();
        var version = await context.ModelVersions.AsTracking().SingleAsync(row => row.Model == model, Cancellation);
        var receipt = JsonNode.Parse(version.ReceiptJson)!;
        receipt[field] = JsonValue.Create(value);
        version.ReceiptJson = receipt.ToJsonString();
        await context.SaveChangesAsync(Cancellation);
    }

    private static JsonElement Verdict(JsonElement job) => job.GetProperty("result").GetProperty("verification");
}
