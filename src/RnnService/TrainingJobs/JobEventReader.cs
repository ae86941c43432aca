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
            try
            {
                if (await SendNextAsync(jobId, after, stream, cancellationToken) is not { } last) return;
                var more = last >= after + Most;
                after = last;
                if (more) continue;
            }
            catch (Exception error) when (DatabaseAbsence.Caused(error))
            {
                // The stream is silent until the database is back; nothing is lost.
            }

            if (Stopwatch.GetElapsedTime(commented) >= CommentEvery)
            {
                await stream.SendAsync(EventStream.Comment, cancellationToken);
                commented = Stopwatch.GetTimestamp();
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    /// <summary>Sends the next events, if there are any.</summary>
    /// <returns>Number of the last one sent; null when no more will come.</returns>
    private async Task<long?> SendNextAsync(string jobId, long after, EventStream stream, CancellationToken cancellationToken)
    {
        // Most often there is nothing new; a job that has ended is looked at itself.
        var newest = await newestEvents.OfAsync(jobId, cancellationToken);
        if (newest == after) return after;
        var events = await NextAsync(jobId, after, cancellationToken);
        if (events.Count == 0) return newest is null && !await ExistsAsync(jobId, cancellationToken) ? null : after;
        await stream.SendAsync(Text(events), cancellationToken);
        return events[^1].Kind == EventKind.Done ? null : events[^1].Number;
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
