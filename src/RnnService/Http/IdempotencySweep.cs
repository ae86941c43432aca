using RnnService.Storage;

namespace RnnService.Http;

/// <summary>Forgets old idempotency keys, at start and every hour.</summary>
internal sealed partial class IdempotencySweep(
    IdempotencyKeys keys, DatabaseLocation location, TimeProvider time, ILogger<IdempotencySweep> log) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var start = time.GetUtcNow().UtcDateTime;
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), time);
        do
        {
            try
            {
                // With SQLite nobody but this process can hold a claim; elsewhere no request takes an hour.
                await keys.SweepAsync(location.SqliteFile is null ? time.GetUtcNow().UtcDateTime.AddHours(-1) : start, stoppingToken);
            }
            catch (Exception failed) when (failed is not OperationCanceledException)
            {
                LogFailed(failed);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old idempotency keys could not be deleted; the next try is in an hour.")]
    private partial void LogFailed(Exception exception);
}
