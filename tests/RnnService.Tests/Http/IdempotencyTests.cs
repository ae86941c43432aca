using System.Net;
using System.Text;
using Microsoft.EntityFrameworkCore;
using RnnService.Storage;
using RnnService.Tests.Datasets;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Http;

/// <summary>A creating POST that is sent again under its Idempotency-Key creates nothing more.</summary>
public sealed class IdempotencyTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_again_replays_the_stored_answer()
    {
        var first = await SendAsync("key-1", "replayed", Uploads.Good);
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        var answer = await first.Content.ReadAsStringAsync(Cancellation);
        var again = await SendAsync("key-1", "replayed", Uploads.Good);
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
        Assert.Equal(answer, await again.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(first.Headers.Location, again.Headers.Location);

        // Even when what it created is gone.
        await fixture.Client.DeleteAsync("/api/v1/datasets/replayed", Cancellation);
        Assert.Equal(answer, await (await SendAsync("key-1", "replayed", Uploads.Good)).Content.ReadAsStringAsync(Cancellation));
        await (await fixture.Client.GetAsync("/api/v1/datasets/replayed", Cancellation)).ProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task Another_body_under_the_key_is_refused()
    {
        await SendAsync("key-2", "first-body", Uploads.Good);
        await (await SendAsync("key-2", "first-body", Uploads.Good + "more,positive\n")).ProblemAsync(422, "idempotency_mismatch");
        await (await SendAsync("key-2", "other-name", Uploads.Good)).ProblemAsync(422, "idempotency_mismatch");
        await (await fixture.Client.GetAsync("/api/v1/datasets/other-name", Cancellation)).ProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task A_refused_request_may_be_corrected_under_its_key()
    {
        await (await SendAsync("key-3", "corrected", "text,label\nonly one,x\n")).ProblemAsync(422, "invalid_file");
        Assert.Equal(HttpStatusCode.Created, (await SendAsync("key-3", "corrected", Uploads.Good)).StatusCode);
    }

    [Fact]
    public async Task A_request_still_in_flight_conflicts()
    {
        await using (var context = fixture.Service.Context())
        {
            context.Add(new IdempotencyRow { Scope = "open POST /api/v1/datasets", Key = "key-4", RequestHash = "", CreatedAt = DateTime.UtcNow });
            await context.SaveChangesAsync(Cancellation);
        }
        var response = await SendAsync("key-4", "in-flight", Uploads.Good);
        await response.ProblemAsync(409, "idempotency_in_flight");
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [Theory]
    [InlineData("datasets")]
    [InlineData("training-jobs")]
    [InlineData("sweeps")]
    public async Task Nothing_is_created_whose_answer_cannot_be_kept(string what)
    {
        await fixture.Client.UploadAsync("kept", Uploads.Good);
        await using var context = fixture.Service.Context();
        Task<HttpResponseMessage> send() => what switch
        {
            "datasets" => SendAsync($"key-{what}", "not-kept", Uploads.Good + "more,positive\n"),
            "sweeps" => fixture.Client.PostSweepAsync("""{"dataset":"kept","model":"kept","grid":{"training.seed":[1,2]}}""", $"key-{what}"),
            _ => fixture.Client.PostJobAsync("""{"dataset":"kept","model":"kept"}""", $"key-{what}"),
        };
        Task<int> rows() => what switch
        {
            "datasets" => context.Datasets.CountAsync(Cancellation),
            "sweeps" => context.Sweeps.CountAsync(Cancellation),
            _ => context.TrainingJobs.CountAsync(Cancellation),
        };
        var before = await rows();
        await context.Database.ExecuteSqlRawAsync("""ALTER TABLE "Idempotency" RENAME COLUMN "Body" TO "Away";""", Cancellation);
        try
        {
            Assert.Equal(HttpStatusCode.InternalServerError, (await send()).StatusCode);
            Assert.Equal(before, await rows());
        }
        finally
        {
            await context.Database.ExecuteSqlRawAsync("""ALTER TABLE "Idempotency" RENAME COLUMN "Away" TO "Body";""", Cancellation);
        }

        // The key is free for the retry, which is then the only one.
        var first = await send();
        Assert.True(first.IsSuccessStatusCode, first.ToString());
        var again = await send();
        Assert.Equal("true", Assert.Single(again.Headers.GetValues("Idempotency-Replayed")));
        Assert.Equal(await first.Content.ReadAsStringAsync(Cancellation), await again.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(before + 1, await rows());
    }

    [Fact]
    public async Task A_key_is_forgotten_after_a_day()
    {
        await SendAsync("key-5", "yesterday", Uploads.Good);
        await using (var context = fixture.Service.Context())
        {
            var old = DateTime.UtcNow.AddHours(-25);
            await context.Idempotency.Where(row => row.Key == "key-5").ExecuteUpdateAsync(set => set.SetProperty(row => row.CreatedAt, old), Cancellation);
        }
        Assert.Equal(HttpStatusCode.Created, (await SendAsync("key-5", "today", Uploads.Good)).StatusCode);
    }

    [Fact]
    public async Task A_key_that_is_none_is_refused()
    {
        await (await SendAsync(new string('k', 256), "long-key", Uploads.Good)).ProblemAsync(400, "malformed");
    }

    private Task<HttpResponseMessage> SendAsync(string key, string name, string content) => fixture.Client.SendFormAsync(
        new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "a.csv", key, ("name", name), ("task", "sequence_classification"));
}
