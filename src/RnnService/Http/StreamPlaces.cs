namespace RnnService.Http;

/// <summary>The places for event streams and sockets: so many at a time.</summary>
internal sealed class StreamPlaces(Limits limits) : IDisposable
{
    private readonly SemaphoreSlim _places = new(limits.ConcurrentStreams);

    /// <summary>Holds a place while <paramref name="stream"/> runs.</summary>
    /// <returns>What to answer instead, if there is no place.</returns>
    public async Task<ProblemResult?> HoldAsync(Func<Task> stream)
    {
        if (!_places.Wait(0))
            return Problems.Busy($"{limits.ConcurrentStreams} streams are open already.",
                "Try again after a while, or raise the setting RnnService:Limits:ConcurrentStreams.", TimeSpan.FromSeconds(5));
        try
        {
            await stream();
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
