using System.Collections.Concurrent;
using Hangfire;
using Microsoft.EntityFrameworkCore;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>Rings the bell: hands job ids to Hangfire, each once while it waits in this process (again after a while, should Hangfire lose it).</summary>
internal sealed class JobQueue(IBackgroundJobClient hangfire, IDbContextFactory<RnnDbContext> contexts, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _waiting = new();

    /// <summary>Hands the id to a worker. Losing it does no harm: the reconciler finds the row again.</summary>
    public void Enqueue(string jobId)
    {
        var now = time.GetUtcNow();
        if (_waiting.TryGetValue(jobId, out var since) && now - since < Patience) return;
        _waiting[jobId] = now;
        hangfire.Enqueue<TrainingWorker>(worker => worker.Run(jobId));
    }

    /// <summary>A worker has taken the id.</summary>
    public void Taken(string jobId) => _waiting.TryRemove(jobId, out _);

    /// <summary>Enqueues every unfinished job without a live owner, oldest first.</summary>
    public async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow().UtcDateTime;
        var ids = await Unfinished(context).Where(job => job.LeaseUntil == null || job.LeaseUntil < now)
            .OrderBy(job => job.Id).Select(job => job.Id).ToListAsync(cancellationToken);
        foreach (var id in ids) Enqueue(id);
    }

    /// <summary>Ends all leases: only for the process that alone owns the database, whose leases are all of processes that are gone.</summary>
    public async Task BreakLeasesAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await Unfinished(context).ExecuteUpdateAsync(set => set.SetProperty(job => job.LeaseUntil, (DateTime?)null), cancellationToken);
    }

    private static IQueryable<TrainingJobRow> Unfinished(RnnDbContext context) => context.TrainingJobs
        .Where(job => job.Status == JobStatus.Queued || job.Status == JobStatus.Running || job.Status == JobStatus.Cancelling);
}
