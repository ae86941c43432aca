using Microsoft.EntityFrameworkCore;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>Forgets what jobs left behind when its time is over, at start and every hour, so that the database does not grow without bound.</summary>
internal sealed partial class RetentionSweep(IDbContextFactory<RnnDbContext> contexts, Retention retention, TimeProvider time, ILogger<RetentionSweep> log) : BackgroundService
{
    /// <summary>Deletes once what is due.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        foreach (var id in await EndedBefore(context, now.AddDays(-retention.EventDays)).Where(job => context.Events.Any(row => row.JobId == job.Id && row.Kind != EventKind.Done)).Select(job => job.Id).ToListAsync(cancellationToken))
            await context.Events.Where(row => row.JobId == id && row.Kind != EventKind.Done).ExecuteDeleteAsync(cancellationToken);
        foreach (var id in await EndedBefore(context, now.AddDays(-retention.MetricDays)).Where(job => context.Metrics.Any(row => row.JobId == job.Id)).Select(job => job.Id).ToListAsync(cancellationToken))
            await context.Metrics.Where(row => row.JobId == id).ExecuteDeleteAsync(cancellationToken);
        await DropCheckpointsAsync(context, now, cancellationToken);
    }

    /// <summary>Of jobs that cannot be resumed at once: a worker that was killed after the end left them.</summary>
    private async Task DropCheckpointsAsync(RnnDbContext context, DateTime now, CancellationToken cancellationToken)
    {
        var old = now.AddDays(-retention.CheckpointDays);
        var due = await context.Checkpoints
            .Where(row => context.TrainingJobs.Any(job => job.Id == row.JobId && job.FinishedAt != null && (job.FinishedAt < old || job.Status == JobStatus.Succeeded || job.SweepId != null)))
            .Select(row => new { row.JobId, row.Step, row.BlobId }).ToListAsync(cancellationToken);
        foreach (var checkpoint in due)
        {
            await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
            // Resumed since it was looked at? Then it goes on from here.
            var dropped = await context.Checkpoints
                .Where(row => row.JobId == checkpoint.JobId && row.Step == checkpoint.Step && row.BlobId == checkpoint.BlobId && context.TrainingJobs.Any(job => job.Id == row.JobId && job.FinishedAt != null))
                .ExecuteDeleteAsync(cancellationToken);
            if (dropped > 0) await context.Blobs.Where(blob => blob.Id == checkpoint.BlobId).ExecuteDeleteAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    private static IQueryable<TrainingJobRow> EndedBefore(RnnDbContext context, DateTime time) => context.TrainingJobs.Where(job => job.FinishedAt < time);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), time);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception failed) when (failed is not OperationCanceledException)
            {
                LogFailed(failed);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What ended jobs left behind could not be deleted; the next try is in an hour.")]
    private partial void LogFailed(Exception exception);
}
