using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>At start and then on a timer, enqueues unfinished jobs that nobody is working on: what a kill or a lost ring left behind.</summary>
internal sealed class JobReconciler(JobQueue queue, DatabaseLocation location, ILogger<JobReconciler> log) : BackgroundService
{
    // Others may have died and their jobs be waiting; with SQLite nobody else can.
    private readonly TimeSpan _period = TimeSpan.FromSeconds(location.SqliteFile is null ? 2 : 10);

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Before the first request: a job that is submitted and claimed afterwards keeps its lease.
        if (location.SqliteFile is not null) await queue.BreakLeasesAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_period);
        do
        {
            try
            {
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
