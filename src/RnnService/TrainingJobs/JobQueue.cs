using System.Collections.Concurrent;
using Hangfire;
using Microsoft.EntityFrameworkCore;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>Rings the bell: hands job ids to Hangfire. A ring too many does no harm, as only one worker can claim the row; one too few is made up for.</summary>
internal sealed class JobQueue(IBackgroundJobClient hangfire, IDbContextFactory<RnnDbContext> contexts, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    // Whoever answered that ring may have found the lease renewed, or the row locked by the owner that froze.
    private static readonly TimeSpan PatienceForTheOrphaned = TimeSpan.FromSeconds(5);

    // What this process rang for, at which fence: once claimed and ownerless again, a job wants another ring.
    private readonly ConcurrentDictionary<string, (long Fence, DateTimeOffset Since)> _waiting = new();

    /// <summary>Hands the id of a new or resumed job to a worker. Losing it does no harm: the reconciler finds the row again.</summary>
    public void Enqueue(string jobId, long fence)
    {
        try
        {
            _waiting[jobId] = (fence, time.GetUtcNow());
            hangfire.Enqueue<TrainingWorker>(worker => worker.Run(jobId));
        }
        catch (BackgroundJobClientException)
        {
            _waiting.TryRemove(jobId, out _);
        }
    }

    /// <summary>A worker has taken the id.</summary>
    public void Taken(string jobId) => _waiting.TryRemove(jobId, out _);

    /// <summary>Enqueues every unfinished job without a live owner, oldest first: each once for every time it lost its owner, and again after a while, should Hangfire lose it or nobody have claimed it.</summary>
    public async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var ownerless = await Unfinished(context).Where(job => job.LeaseUntil == null || job.LeaseUntil < now.UtcDateTime)
            .OrderBy(job => job.Id).Select(job => new { job.Id, job.Fence, IsOrphaned = job.LeaseUntil != null }).ToListAsync(cancellationToken);
        foreach (var job in ownerless)
            if (!_waiting.TryGetValue(job.Id, out var rung) || rung.Fence != job.Fence || now - rung.Since >= (job.IsOrphaned ? PatienceForTheOrphaned : Patience)) Enqueue(job.Id, job.Fence);
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
