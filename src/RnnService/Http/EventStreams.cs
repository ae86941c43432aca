namespace RnnService.Http;

/// <summary>Answers requests with event streams, so many at a time.</summary>
internal sealed class EventStreams(Limits limits, IHostApplicationLifetime lifetime) : IDisposable
{
    // Kestrel's buffers and the network's are full by then; who reads at all is faster.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _places = new(limits.ConcurrentStreams);

    /// <summary>
    /// Streams what <paramref name="write"/> sends. The stream ends when it returns, and its token is cancelled when the client leaves or
    /// the process stops; a client that does not take what is sent is cut off.
    /// </summary>
    /// <returns>What to answer instead, if there is no place.</returns>
    public async Task<ProblemResult?> AnswerAsync(HttpContext http, Func<EventStream, CancellationToken, Task> write)
    {
        if (!_places.Wait(0))
            return Problems.Busy($"{limits.ConcurrentStreams} event streams are open already.",
                "Try again after a while, or raise the setting RnnService:Limits:ConcurrentStreams.", TimeSpan.FromSeconds(5));
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
        finally
        {
            _places.Release();
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _places.Dispose();
}
