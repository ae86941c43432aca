using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace RnnService.Tests.TrainingJobs;

/// <summary>A job's events as a client reads them.</summary>
internal static class EventStreamClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Opens the stream; the answer may still be a problem.</summary>
    public static Task<HttpResponseMessage> OpenEventsAsync(this HttpClient client, string id, string? lastEventId = null, string query = "")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/training-jobs/{id}/events{query}");
        if (lastEventId is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>Reads a stream to the first event that satisfies a condition, or to its end.</summary>
    public static async Task<List<Event>> ReadEventsAsync(this HttpResponseMessage response, Func<Event, bool>? until = null)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        late.CancelAfter(Patience);
        List<Event> events = [];
        await using var stream = await response.Content.ReadAsStreamAsync(late.Token);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(late.Token))
        {
            events.Add(new Event(long.Parse(item.EventId!), item.EventType, JsonSerializer.Deserialize<JsonElement>(item.Data)));
            if (until?.Invoke(events[^1]) == true) break;
        }

        return events;
    }

    /// <summary>All events of a job to its end.</summary>
    public static async Task<List<Event>> EventsAsync(this HttpClient client, string id, string? lastEventId = null, string query = "")
    {
        using var response = await client.OpenEventsAsync(id, lastEventId, query);
        return await response.ReadEventsAsync();
    }
}

/// <summary>One event as it arrived.</summary>
internal sealed record Event(long Number, string Kind, JsonElement Data)
{
    /// <summary>Number, kind and data in one text, to compare streams.</summary>
    public override string ToString() => $"{Number} {Kind} {Data}";
}
