using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>At start and then on a timer, enqueues unfinished jobs that nobody is working on: what a kill or a lost ring left behind.</summary>
internal sealed class JobReconciler(JobQueue queue, DatabaseLocation location, ILogger<JobReconciler> log) : BackgroundService
{
    // Others may have died and their jobs be waiting; with SQLite nobody else can.
    private readonly TimeSpan _period = TimeSpan.FromSeconds(location.SqliteFile is null ? 2 : 10);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var leasesAreOfOthers = location.SqliteFile is null;
        using var timer = new PeriodicTimer(_period);
        do
        {
            try
            {
                if (!leasesAreOfOthers) await queue.BreakLeasesAsync(stoppingToken);
                leasesAreOfOthers = true;
                await queue.ReconcileAsync(stoppingToken);
            }
            catch (Exception error) when (error is System.Data.Common.DbException || DatabaseAbsence.Caused(error))
            {
                JobLog.ReconcileFailed(log, error);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
