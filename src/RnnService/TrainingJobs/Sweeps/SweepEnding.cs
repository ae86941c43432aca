using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.TrainingJobs.Sweeps;

/// <summary>
/// What the end of a job means to its sweep, in the transaction of that end: the better of its version and the best so far is kept, the other's weights go,
/// and with the last job the best is published and the sweep ends. So a kill at any moment finds either all of it done or nothing.
/// </summary>
internal static class SweepEnding
{
    /// <summary>Counts jobs that end with the caller's transaction; at most one of them has made a version.</summary>
    /// <returns>The number under which <paramref name="version"/> was published; null if the sweep goes on, or another was better.</returns>
    public static async Task<int?> SettleAsync(RnnDbContext context, string sweepId, int ended, NewVersion? version, DateTime now, CancellationToken cancellationToken)
    {
        var row = context.Sweeps.Where(sweep => sweep.Id == sweepId);
        // First, so that the row is ours until the commit: jobs that end at the same time are compared one after the other.
        await row.ExecuteUpdateAsync(set => set.SetProperty(sweep => sweep.Ended, sweep => sweep.Ended + ended), cancellationToken);
        var sweep = await row.SingleAsync(cancellationToken);
        if (version is not null) await KeepBetterAsync(context, sweep, version, cancellationToken);
        if (sweep.Ended == sweep.Jobs) await EndAsync(context, sweep, now, cancellationToken);
        await context.SaveChangesAsync(cancellationToken);
        return sweep.BestJobId == version?.JobId ? sweep.ResultVersion : null;
    }

    private static async Task KeepBetterAsync(RnnDbContext context, SweepRow sweep, NewVersion version, CancellationToken cancellationToken)
    {
        var objective = SweepObjective.Parse(sweep.Objective);
        var value = objective.ValueOf(JsonSerializer.Deserialize<JobMetrics>(version.MetricsJson, JsonConventions.Stored)!);
        var loser = version.BlobId;
        if (value is { } figure && IsBetter((objective.Order(figure), version.JobId), sweep.BestValue is { } best ? (objective.Order(best), sweep.BestJobId!) : null))
        {
            loser = sweep.BlobId;
            (sweep.BestJobId, sweep.BestValue, sweep.BlobId) = (version.JobId, figure, version.BlobId);
            sweep.BestVersionJson = JsonSerializer.Serialize(version, JsonConventions.Stored);
            await context.SaveChangesAsync(cancellationToken);
        }

        await context.Blobs.Where(blob => blob.Id == loser).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>Of equals the first in the grid, whichever ended first.</summary>
    private static bool IsBetter((double Order, string Job) one, (double Order, string Job)? best) =>
        best is not { } other || one.Order < other.Order || (one.Order == other.Order && string.CompareOrdinal(one.Job, other.Job) < 0);

    private static async Task EndAsync(RnnDbContext context, SweepRow sweep, DateTime now, CancellationToken cancellationToken)
    {
        if (sweep.BestVersionJson is { } json)
        {
            var number = ModelRegistry.AddVersion(context, JsonSerializer.Deserialize<NewVersion>(json, JsonConventions.Stored)!, now);
            await context.TrainingJobs.Where(job => job.Id == sweep.BestJobId).ExecuteUpdateAsync(set => set.SetProperty(job => job.ResultVersion, number), cancellationToken);
            (sweep.ResultVersion, sweep.BestVersionJson, sweep.BlobId) = (number, null, null);
        }

        sweep.Status = sweep.Status == JobStatus.Cancelling ? JobStatus.Cancelled : sweep.BestJobId is null ? JobStatus.Failed : JobStatus.Succeeded;
        sweep.FinishedAt = now;
    }
}
