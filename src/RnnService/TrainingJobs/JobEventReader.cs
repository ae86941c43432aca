using System.Diagnostics;
using System.Text;
using Microsoft.EntityFrameworkCore;
using RnnService.Http;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>
/// Sends a job's events from the database: those stored, then those to come, to the last. It looks for news a few times a second and holds
/// no context in between, so events of jobs that other processes run arrive too and a silent stream costs next to nothing.
/// </summary>
internal sealed class JobEventReader(NewestEvents newestEvents, IDbContextFactory<RnnDbContext> contexts)
{
    private const int Most = 200;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan CommentEvery = TimeSpan.FromSeconds(15);

    /// <summary>Sends the events after number <paramref name="after"/>; returns after <c>done</c>, or when the job is deleted.</summary>
    public async Task FollowAsync(string jobId, long after, EventStream stream, CancellationToken cancellationToken)
    {
        var commented = Stopwatch.GetTimestamp();
        while (true)
        {
            // Most often there is nothing new; a job that has ended is looked at itself.
            var newest = await newestEvents.OfAsync(jobId, cancellationToken);
            if (newest != after)
            {
                var events = await NextAsync(jobId, after, cancellationToken);
                if (events.Count > 0)
                {
                    await stream.SendAsync(Text(events), cancellationToken);
                    if (events[^1].Kind == EventKind.Done) return;
                    after = events[^1].Number;
                    if (events.Count == Most) continue;
                }
                else if (newest is null && !await ExistsAsync(jobId, cancellationToken))
                {
                    return;
                }
            }

            if (Stopwatch.GetElapsedTime(commented) >= CommentEvery)
            {
                await stream.SendAsync(EventStream.Comment, cancellationToken);
                commented = Stopwatch.GetTimestamp();
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    private async Task<List<EventRow>> NextAsync(string jobId, long after, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Events.AsNoTracking().Where(row => row.JobId == jobId && row.Number > after).OrderBy(row => row.Number).Take(Most).ToListAsync(cancellationToken);
    }

    private async Task<bool> ExistsAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.TrainingJobs.AnyAsync(job => job.Id == jobId, cancellationToken);
    }

    private static string Text(List<EventRow> events)
    {
        var text = new StringBuilder();
        foreach (var row in events) text.Append(EventStream.Event(row.Number, SnakeCaseEnum<EventKind>.Write(row.Kind), row.Json));
        return text.ToString();
    }
}
