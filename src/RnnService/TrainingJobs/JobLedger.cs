using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;
using RnnService.TrainingJobs.Sweeps;

namespace RnnService.TrainingJobs;

/// <summary>
/// All that a worker writes about its job. Every write names the claim's fence and changes nothing when the row has another:
/// a worker that was frozen and replaced cannot spoil its successor's work. Synchronous, for threads of the worker's own.
/// </summary>
internal sealed class JobLedger(IDbContextFactory<RnnDbContext> contexts, DatabaseLocation location, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<JobLedger> log)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(0.5);

    /// <summary>How long a claim holds without a heartbeat: short where another process may be waiting to take over.</summary>
    private TimeSpan Lease { get; } = TimeSpan.FromSeconds(location.SqliteFile is null ? 8 : 30);

    /// <summary>
    /// Claims an unfinished job that no live worker holds: one conditional update takes the lease, raises the fence and counts
    /// the attempt. Null when there is nothing to claim.
    /// </summary>
    public (JobClaim Claim, TrainingJobRow Job)? Claim(string jobId, string worker)
    {
        using var context = contexts.CreateDbContext();
        var seen = context.TrainingJobs.AsNoTracking().FirstOrDefault(job => job.Id == jobId);
        if (seen is null) return null;
        var now = time.GetUtcNow().UtcDateTime;
        var status = seen.Status == JobStatus.Queued ? JobStatus.Running : seen.Status;
        using var transaction = context.Database.BeginTransaction();
        var claimed = context.TrainingJobs
            .Where(job => job.Id == jobId && job.Fence == seen.Fence && job.Status == seen.Status
                && (job.Status == JobStatus.Queued || job.Status == JobStatus.Running || job.Status == JobStatus.Cancelling)
                && (job.LeaseUntil == null || job.LeaseUntil < now))
            .ExecuteUpdate(set => set
                .SetProperty(job => job.Worker, worker)
                .SetProperty(job => job.LeaseUntil, now + Lease)
                .SetProperty(job => job.Fence, job => job.Fence + 1)
                .SetProperty(job => job.Attempt, job => job.Attempt + 1)
                .SetProperty(job => job.Status, status)
                .SetProperty(job => job.StartedAt, job => job.StartedAt ?? now));
        if (claimed == 0) return null;
        AppendStatus(context, jobId, now);
        transaction.Commit();
        Telemetry.Lease("claimed");
        (seen.Fence, seen.Attempt, seen.Status) = (seen.Fence + 1, seen.Attempt + 1, status);
        return (new JobClaim(jobId, seen.Fence), seen);
    }

    /// <summary>Extends the lease, stores the progress and tells it; says whether a client asked the job to stop.</summary>
    /// <exception cref="FencedException">Another worker has the job.</exception>
    public bool Renew(JobClaim claim, StoredProgress? progress)
    {
        using var context = contexts.CreateDbContext();
        using var transaction = context.Database.BeginTransaction();
        var json = progress is null ? null : JsonSerializer.Serialize(progress, JsonConventions.Stored);
        var now = time.GetUtcNow().UtcDateTime;
        Guard(claim, Own(context, claim).ExecuteUpdate(set => set
            .SetProperty(job => job.LeaseUntil, now + Lease)
            .SetProperty(job => job.ProgressJson, job => json ?? job.ProgressJson)));
        if (progress is not null) Append(context, claim.JobId, JobEvent.OfProgress(progress.Shown), now);
        transaction.Commit();
        return context.TrainingJobs.Any(job => job.Id == claim.JobId && job.CancelRequested);
    }

    /// <summary>Forgets what was measured after the point the job goes on from: it will be measured again.</summary>
    /// <exception cref="FencedException">Another worker has the job.</exception>
    public void RewindMetrics(JobClaim claim, long step)
    {
        Write(context =>
        {
            Guard(claim, Own(context, claim).ExecuteUpdate(set => set.SetProperty(job => job.LeaseUntil, time.GetUtcNow().UtcDateTime + Lease)));
            context.Metrics.Where(metric => metric.JobId == claim.JobId && metric.Step > step).ExecuteDelete();
        });
    }

    /// <summary>Tells those who follow the job something.</summary>
    /// <exception cref="FencedException">Another worker has the job.</exception>
    public void AppendEvent(JobClaim claim, JobEvent happened)
    {
        Write(context =>
        {
            var now = time.GetUtcNow().UtcDateTime;
            Guard(claim, Own(context, claim).ExecuteUpdate(set => set.SetProperty(job => job.LeaseUntil, now + Lease)));
            Append(context, claim.JobId, happened, now);
        });
    }

    /// <summary>Adds warnings that only the data told, and tells them; those the job has already, from an earlier attempt, are not repeated.</summary>
    /// <exception cref="FencedException">Another worker has the job.</exception>
    public void AppendWarnings(JobClaim claim, IReadOnlyList<string> warnings)
    {
        Write(context =>
        {
            var told = JsonSerializer.Deserialize<string[]>(context.TrainingJobs.Where(job => job.Id == claim.JobId).Select(job => job.WarningsJson).Single(), JsonConventions.Stored)!;
            string[] added = [.. warnings.Except(told)];
            if (added.Length == 0) return;
            var json = JsonSerializer.Serialize<string[]>([.. told, .. added], JsonConventions.Stored);
            Guard(claim, Own(context, claim).ExecuteUpdate(set => set.SetProperty(job => job.WarningsJson, json)));
            JobEvents.AppendAsync(context, claim.JobId, [.. added.Select(JobEvent.OfWarning)], time.GetUtcNow().UtcDateTime, CancellationToken.None).GetAwaiter().GetResult();
        });
    }

    /// <summary>Stores an epoch's measurements, if there are any yet, and tells them.</summary>
    /// <exception cref="FencedException">Another worker has the job.</exception>
    public void AppendMetrics(JobClaim claim, IReadOnlyList<MetricRow> points, JobMetrics best)
    {
        Write(context =>
        {
            // They have an id from a try before: if it is stored, that try was committed without our hearing of it.
            if (points.Count > 0 && points[0].Id != 0 && context.Metrics.Any(metric => metric.Id == points[0].Id)) return;
            var json = JsonSerializer.Serialize(best, JsonConventions.Stored);
            Guard(claim, Own(context, claim).ExecuteUpdate(set => set.SetProperty(job => job.MetricsJson, json)));
            context.Metrics.AddRange(points);
            if (points.Count > 0) Append(context, claim.JobId, JobEvent.OfMetrics(points), time.GetUtcNow().UtcDateTime);
        });
    }

    /// <summary>
    /// Makes a written checkpoint the point to go on from, with the progress as of then, and starts the count of attempts anew.
    /// The newest two are kept; the blobs no longer pointed at are returned for deletion.
    /// </summary>
    /// <exception cref="FencedException">Another worker has the job; the blob is nobody's.</exception>
    public IReadOnlyList<string> CommitCheckpoint(JobClaim claim, long step, string blobId, StoredProgress progress)
    {
        using var context = contexts.CreateDbContext();
        using var transaction = context.Database.BeginTransaction();
        var json = JsonSerializer.Serialize(progress, JsonConventions.Stored);
        var now = time.GetUtcNow().UtcDateTime;
        Guard(claim, Own(context, claim).ExecuteUpdate(set => set
            .SetProperty(job => job.Attempt, 0)
            .SetProperty(job => job.LeaseUntil, now + Lease)
            .SetProperty(job => job.ProgressJson, json)));
        var older = context.Checkpoints.Where(row => row.JobId == claim.JobId).OrderByDescending(row => row.Step).ToList();
        // A point of the same or a later step is of a road not taken: this one replaces it.
        var superseded = older.Where(row => row.Step >= step).Concat(older.Where(row => row.Step < step).Skip(1)).ToList();
        context.Checkpoints.RemoveRange(superseded);
        context.SaveChanges();
        context.Checkpoints.Add(new CheckpointRow { JobId = claim.JobId, Step = step, BlobId = blobId, CreatedAt = now });
        context.SaveChanges();
        transaction.Commit();
        return [.. superseded.Select(row => row.BlobId)];
    }

    /// <summary>The points to go on from, newest first.</summary>
    public IReadOnlyList<CheckpointRow> Checkpoints(string jobId)
    {
        using var context = contexts.CreateDbContext();
        return [.. context.Checkpoints.AsNoTracking().Where(row => row.JobId == jobId).OrderByDescending(row => row.Step)];
    }

    /// <summary>A dataset of the job; it cannot be deleted while the job lives.</summary>
    /// <exception cref="InvalidOperationException">It was deleted before.</exception>
    public DatasetRow Dataset(string id)
    {
        using var context = contexts.CreateDbContext();
        return context.Datasets.AsNoTracking().FirstOrDefault(row => row.Id == id)
            ?? throw new InvalidOperationException($"The dataset {id} was deleted.");
    }

    /// <summary>Ends the job without a model.</summary>
    /// <exception cref="FencedException">Another worker has the job.</exception>
    public void End(JobClaim claim, JobStatus status, string? error)
    {
        Write(context =>
        {
            var now = time.GetUtcNow().UtcDateTime;
            Guard(claim, Own(context, claim).ExecuteUpdate(set => set
                .SetProperty(job => job.Status, status)
                .SetProperty(job => job.Error, error)
                .SetProperty(job => job.LeaseUntil, (DateTime?)null)
                .SetProperty(job => job.FinishedAt, now)));
            AppendStatus(context, claim.JobId, now);
            if (SweepOf(context, claim) is { } sweep) SweepEnding.SettleAsync(context, sweep, 1, null, now, CancellationToken.None).GetAwaiter().GetResult();
        });
    }

    /// <summary>Gives the job back unfinished, for another worker or the next start of this one.</summary>
    public void Release(JobClaim claim)
    {
        using var context = contexts.CreateDbContext();
        Own(context, claim).ExecuteUpdate(set => set.SetProperty(job => job.LeaseUntil, (DateTime?)null));
        Telemetry.Lease("released");
    }

    /// <summary>
    /// One transaction publishes: the version, the final metrics and the end of the job. The weights' blob is written already.
    /// A job of a sweep hands its version to the sweep, which publishes the best in the transaction of its last job's end.
    /// </summary>
    /// <returns>The version's number; null in a sweep that goes on, or whose best was another.</returns>
    /// <exception cref="FencedException">Another worker has the job; nothing was published.</exception>
    public int? Publish(JobClaim claim, JobStatus status, NewVersion version, JobMetrics metrics, StoredProgress progress, IReadOnlyList<MetricRow> points)
    {
        int? number = null;
        Write(context =>
        {
            var now = time.GetUtcNow().UtcDateTime;
            var (json, metricsJson) = (JsonSerializer.Serialize(progress, JsonConventions.Stored), JsonSerializer.Serialize(metrics, JsonConventions.Stored));
            // First, so that the row is ours until the commit.
            Guard(claim, Own(context, claim).ExecuteUpdate(set => set.SetProperty(job => job.LeaseUntil, (DateTime?)null)));
            var sweep = SweepOf(context, claim);
            number = sweep is not null ? null : ModelRegistry.AddVersion(context, version, now);
            context.Metrics.AddRange(points);
            context.SaveChanges();
            if (points.Count > 0) Append(context, claim.JobId, JobEvent.OfMetrics(points), now);
            if (metrics.Baseline?.Warning is { } warning) Append(context, claim.JobId, JobEvent.OfWarning(warning), now);
            Own(context, claim).ExecuteUpdate(set => set
                .SetProperty(job => job.Status, status)
                .SetProperty(job => job.ResultVersion, number)
                .SetProperty(job => job.MetricsJson, metricsJson)
                .SetProperty(job => job.ProgressJson, json)
                .SetProperty(job => job.FinishedAt, now));
            if (sweep is not null) number = SweepEnding.SettleAsync(context, sweep, 1, version, now, CancellationToken.None).GetAwaiter().GetResult();
            AppendStatus(context, claim.JobId, now);
        });
        return number;
    }

    /// <summary>Ends a job that replayed a receipt, or found that it cannot be compared, with the verdict.</summary>
    /// <exception cref="FencedException">Another worker has the job.</exception>
    public void EndReplay(JobClaim claim, JobVerification verdict, JobMetrics? metrics, StoredProgress? progress)
    {
        Write(context =>
        {
            var now = time.GetUtcNow().UtcDateTime;
            static string? json<T>(T? stored) => stored is null ? null : JsonSerializer.Serialize(stored, JsonConventions.Stored);
            var (verdictJson, metricsJson, progressJson) = (json(verdict), json(metrics), json(progress));
            Guard(claim, Own(context, claim).ExecuteUpdate(set => set
                .SetProperty(job => job.Status, JobStatus.Succeeded)
                .SetProperty(job => job.VerdictJson, verdictJson)
                .SetProperty(job => job.MetricsJson, job => metricsJson ?? job.MetricsJson)
                .SetProperty(job => job.ProgressJson, job => progressJson ?? job.ProgressJson)
                .SetProperty(job => job.LeaseUntil, (DateTime?)null)
                .SetProperty(job => job.FinishedAt, now)));
            AppendStatus(context, claim.JobId, now);
        });
    }

    /// <summary>Drops a finished job's checkpoints; what remains after a crash here is swept with the job.</summary>
    public void DropCheckpoints(JobClaim claim)
    {
        Write(context =>
        {
            var blobs = context.Checkpoints.Where(row => row.JobId == claim.JobId).Select(row => row.BlobId).ToList();
            context.Checkpoints.Where(row => row.JobId == claim.JobId).ExecuteDelete();
            context.Blobs.Where(row => blobs.Contains(row.Id)).ExecuteDelete();
        });
    }

    /// <summary>
    /// One transaction. While the database is away it is tried again, so that the job waits and nothing is lost, unless the process ends.
    /// One that was committed without our hearing of it may tell an event twice; it never measures or publishes twice.
    /// </summary>
    private void Write(Action<RnnDbContext> write) => WaitOut(() =>
    {
        using var context = contexts.CreateDbContext();
        using var transaction = context.Database.BeginTransaction();
        write(context);
        transaction.Commit();
        return true;
    });

    /// <summary>Does what needs the database, again and again while that is away, unless the process ends.</summary>
    public T WaitOut<T>(Func<T> work)
    {
        for (var told = false; ; told = true)
        {
            try
            {
                return work();
            }
            catch (Exception error) when (DatabaseAbsence.Caused(error))
            {
                if (!told) JobLog.Waits(log, error.GetBaseException().Message);
                if (lifetime.ApplicationStopping.WaitHandle.WaitOne(Retry)) throw;
            }
        }
    }

    private static IQueryable<TrainingJobRow> Own(RnnDbContext context, JobClaim claim) =>
        context.TrainingJobs.Where(job => job.Id == claim.JobId && job.Fence == claim.Fence
            && (job.Status == JobStatus.Running || job.Status == JobStatus.Cancelling));

    private static string? SweepOf(RnnDbContext context, JobClaim claim) =>
        context.TrainingJobs.Where(job => job.Id == claim.JobId).Select(job => job.SweepId).Single();

    private static void Append(RnnDbContext context, string jobId, JobEvent happened, DateTime now) =>
        JobEvents.AppendAsync(context, jobId, [happened], now, CancellationToken.None).GetAwaiter().GetResult();

    private static void AppendStatus(RnnDbContext context, string jobId, DateTime now) =>
        JobEvents.AppendStatusAsync(context, jobId, now, CancellationToken.None).GetAwaiter().GetResult();

    private static void Guard(JobClaim claim, int changed)
    {
        if (changed == 0) throw new FencedException(claim);
    }
}
