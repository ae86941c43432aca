namespace RnnService.Storage;

/// <summary>The system's clock in whole microseconds, which both databases keep: what is answered at once and what is read back later are the same.</summary>
internal sealed class StoredClock : TimeProvider
{
    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        var now = System.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
