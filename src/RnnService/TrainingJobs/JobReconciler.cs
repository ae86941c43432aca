using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>At start and then on a timer, enqueues unfinished jobs that nobody is working on: what a kill or a lost ring left behind.</summary>
internal sealed class JobReconciler(JobQueue queue, DatabaseLocation location, ILogger<JobReconciler> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (location.SqliteFile is not null) await queue.BreakLeasesAsync(stoppingToken);
        using var timer = new PeriodicTimer(Period);
        do
        {
            try
            {
                await queue.ReconcileAsync(stoppingToken);
            }
            catch (System.Data.Common.DbException error)
            {
                JobLog.ReconcileFailed(log, error);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
