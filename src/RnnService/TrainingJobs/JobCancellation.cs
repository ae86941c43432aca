using Microsoft.EntityFrameworkCore;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>Asks a job to stop, in the caller's transaction.</summary>
internal static class JobCancellation
{
    /// <summary>Ends a job that waits, and asks the worker of one that runs.</summary>
    /// <returns>Whether the job ended here and now.</returns>
    public static async Task<bool> CancelAsync(RnnDbContext context, string id, DateTime now, CancellationToken cancellationToken)
    {
        var ended = await context.TrainingJobs.Where(job => job.Id == id && job.Status == JobStatus.Queued).ExecuteUpdateAsync(set => set
            .SetProperty(job => job.Status, JobStatus.Cancelled)
            .SetProperty(job => job.CancelRequested, true)
            .SetProperty(job => job.FinishedAt, now), cancellationToken);
        var asked = await context.TrainingJobs.Where(job => job.Id == id && job.Status == JobStatus.Running).ExecuteUpdateAsync(set => set
            .SetProperty(job => job.Status, JobStatus.Cancelling)
            .SetProperty(job => job.CancelRequested, true), cancellationToken);
        if (ended + asked > 0) await JobEvents.AppendStatusAsync(context, id, now, cancellationToken);
        return ended > 0;
    }
}
