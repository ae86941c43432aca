using Microsoft.EntityFrameworkCore;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>
/// Writes a job's events in the transaction of what they tell about. Raising the number in the job's row holds that row until the
/// commit, so numbers appear in their order: a reader that has seen one has seen all before it. Numbers only grow, over crashes too.
/// </summary>
internal static class JobEvents
{
    /// <summary>Among so many of a job's newest events progress is kept; older progress is of no use to anybody.</summary>
    public const int ProgressKept = 300;

    private static readonly JobStatus[] Ended = [JobStatus.Succeeded, JobStatus.Failed, JobStatus.Cancelled];

    /// <summary>Adds the first events of a job whose row is being added.</summary>
    public static void AddFirst(RnnDbContext context, TrainingJobRow job, IReadOnlyList<JobEvent> events)
    {
        context.Events.AddRange(Number(job.Id, 1, events, job.CreatedAt));
        job.LastEvent = events.Count;
    }

    /// <summary>Appends events; the caller commits.</summary>
    public static async Task AppendAsync(RnnDbContext context, string jobId, IReadOnlyList<JobEvent> events, DateTime now, CancellationToken cancellationToken)
    {
        var job = context.TrainingJobs.Where(row => row.Id == jobId);
        await job.ExecuteUpdateAsync(set => set.SetProperty(row => row.LastEvent, row => row.LastEvent + events.Count), cancellationToken);
        var last = await job.Select(row => row.LastEvent).SingleAsync(cancellationToken);
        context.Events.AddRange(Number(jobId, last - events.Count + 1, events, now));
        await context.SaveChangesAsync(cancellationToken);
        // What leaves the window with this write; all before it has been looked at.
        var (from, to) = (last - events.Count - ProgressKept, last - ProgressKept);
        if (to > 0)
            await context.Events.Where(row => row.JobId == jobId && row.Number > from && row.Number <= to && row.Kind == EventKind.Progress).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>Appends what the row says now: its status and, if that is an end, how far it came and <c>done</c>; the caller commits.</summary>
    public static async Task AppendStatusAsync(RnnDbContext context, string jobId, DateTime now, CancellationToken cancellationToken)
    {
        var row = await context.TrainingJobs.AsNoTracking().SingleAsync(job => job.Id == jobId, cancellationToken);
        List<JobEvent> events = [JobEvent.OfStatus(row.Status)];
        if (Ended.Contains(row.Status))
        {
            var job = TrainingJobResponse.Of(row);
            if (row.ProgressJson is not null) events.Insert(0, JobEvent.OfProgress(job.Progress));
            events.Add(JobEvent.OfEnd(job));
        }

        await AppendAsync(context, jobId, events, now, cancellationToken);
    }

    private static IEnumerable<EventRow> Number(string jobId, long first, IReadOnlyList<JobEvent> events, DateTime now) =>
        events.Select((happened, i) => new EventRow { JobId = jobId, Number = first + i, Kind = happened.Kind, Json = happened.Json, CreatedAt = now });
}
