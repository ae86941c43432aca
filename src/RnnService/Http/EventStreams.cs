namespace RnnService.Http;

/// <summary>Answers requests with event streams, so many at a time.</summary>
internal sealed class EventStreams(StreamPlaces places, IHostApplicationLifetime lifetime)
{
    // Kestrel's buffers and the network's are full by then; who reads at all is faster.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Streams what <paramref name="write"/> sends. The stream ends when it returns, and its token is cancelled when the client leaves or
    /// the process stops; a client that does not take what is sent is cut off.
    /// </summary>
    /// <returns>What to answer instead, if there is no place.</returns>
    public Task<ProblemResult?> AnswerAsync(HttpContext http, Func<EventStream, CancellationToken, Task> write) => places.HoldAsync(async () =>
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            http.Response.ContentType = EventStream.MediaType;
            http.Response.Headers.CacheControl = "no-store";
            // nginx's word for: pass every event on as it comes.
            http.Response.Headers["X-Accel-Buffering"] = "no";
            var stream = new EventStream(http.Response.Body, Patience);
            // The first event may be long in coming; the client should know at once that it is connected.
            await stream.SendAsync("", ends.Token);
            await write(stream, ends.Token);
        }
        catch (OperationCanceledException)
        {
            if (!ends.IsCancellationRequested) http.Abort();
        }
    });
}
