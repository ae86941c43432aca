using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RnnService.Demo;
using RnnService.Tests.Datasets;

namespace RnnService.Tests.TrainingJobs;

/// <summary>Training as a client would ask for it.</summary>
internal static class Training
{
    /// <summary>A network and schedule small enough for tests: about a second on the small sentences.</summary>
    public const string Small = """ "network":{"cell":"gru","hidden_size":24,"embedding_size":24,"dropout":0.1,"embedding_dropout":0.1},"training":{"epochs":12,"learning_rate":0.005,"batch_size":16,"seed":1} """;

    /// <summary>Enough epochs not to end by itself during a test.</summary>
    public const string Endless = """ "network":{"hidden_size":16,"embedding_size":16},"training":{"epochs":10000,"early_stopping_patience":0} """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Uploads the small sentences: 1,000 to learn from and 200 to test with.</summary>
    public static async Task UploadSentencesAsync(this HttpClient client)
    {
        var train = SentenceSamples.Make(1_000, 1);
        await client.UploadAsync("sentences", SentenceSamples.ToCsv(train));
        await client.UploadAsync("sentences-test", SentenceSamples.ToCsv(SentenceSamples.Make(200, 2, train.Select(sample => sample.Text).ToHashSet())));
    }

    /// <summary>Posts a job.</summary>
    public static Task<HttpResponseMessage> PostJobAsync(this HttpClient client, string body, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/training-jobs") { Content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")) };
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        return client.SendAsync(request, Cancellation);
    }

    /// <summary>Posts a job that must be accepted and returns its id.</summary>
    public static async Task<string> StartJobAsync(this HttpClient client, string body)
    {
        var response = await client.PostJobAsync(body);
        var job = await response.JsonAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, job.ToString());
        return job.Text("id");
    }

    /// <summary>The job as it is now.</summary>
    public static Task<JsonElement> JobAsync(this HttpClient client, string id) => client.GetFromJsonAsync<JsonElement>($"/api/v1/training-jobs/{id}", Cancellation);

    /// <summary>Waits until the job satisfies a condition; fails with the job after minutes, as a busy machine may need them.</summary>
    public static async Task<JsonElement> WaitAsync(this HttpClient client, string id, Func<JsonElement, bool> until, int seconds = 180)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (true)
        {
            var job = await client.JobAsync(id);
            if (until(job)) return job;
            Assert.True(DateTime.UtcNow < deadline, $"waited {seconds} s in vain: {job}");
            await Task.Delay(40, Cancellation);
        }
    }

    /// <summary>Waits until the job has ended and asserts how.</summary>
    public static async Task<JsonElement> EndAsync(this HttpClient client, string id, string status = "succeeded")
    {
        var job = await client.WaitAsync(id, job => job.Text("status") is "succeeded" or "failed" or "cancelled");
        Assert.True(job.Text("status") == status, job.ToString());
        return job;
    }

    /// <summary>Cancels a job and waits until it is.</summary>
    public static async Task CancelAsync(this HttpClient client, string id)
    {
        Assert.Equal(HttpStatusCode.Accepted, (await client.PostAsync($"/api/v1/training-jobs/{id}/cancel", null, Cancellation)).StatusCode);
        await client.EndAsync(id, "cancelled");
    }

    /// <summary>The step the job has reached.</summary>
    public static long Step(this JsonElement job) => job.GetProperty("progress").GetProperty("step").GetInt64();
}
