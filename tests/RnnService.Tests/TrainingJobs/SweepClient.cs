using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace RnnService.Tests.TrainingJobs;

/// <summary>Sweeps as a client would ask for them.</summary>
internal static class SweepClient
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Posts a sweep.</summary>
    public static Task<HttpResponseMessage> PostSweepAsync(this HttpClient client, string body, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/sweeps") { Content = new StringContent(body, new MediaTypeHeaderValue("application/json")) };
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        return client.SendAsync(request, Cancellation);
    }

    /// <summary>Posts a sweep that must be accepted and returns its id.</summary>
    public static async Task<string> StartSweepAsync(this HttpClient client, string body)
    {
        var response = await client.PostSweepAsync(body);
        var sweep = await response.JsonAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, sweep.ToString());
        return sweep.Text("id");
    }

    /// <summary>Waits until the sweep satisfies a condition; fails with the sweep after a minute.</summary>
    public static async Task<JsonElement> WaitForSweepAsync(this HttpClient client, string id, Func<JsonElement, bool> until)
    {
        var deadline = DateTime.UtcNow.AddSeconds(60);
        while (true)
        {
            var sweep = await client.GetFromJsonAsync<JsonElement>($"/api/v1/sweeps/{id}", Cancellation);
            if (until(sweep)) return sweep;
            Assert.True(DateTime.UtcNow < deadline, $"waited a minute in vain: {sweep}");
            await Task.Delay(40, Cancellation);
        }
    }

    /// <summary>Waits until the sweep has ended and asserts how.</summary>
    public static async Task<JsonElement> EndSweepAsync(this HttpClient client, string id, string status = "succeeded")
    {
        var sweep = await client.WaitForSweepAsync(id, sweep => sweep.GetProperty("finished_at").ValueKind != JsonValueKind.Null);
        Assert.True(sweep.Text("status") == status, sweep.ToString());
        return sweep;
    }
}
