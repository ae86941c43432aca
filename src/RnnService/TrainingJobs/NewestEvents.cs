using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>The newest event of every unfinished job. However many streams ask, the database is asked a few times a second.</summary>
internal sealed class NewestEvents(IDbContextFactory<RnnDbContext> contexts)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(0.2);

    private readonly Lock _lock = new();
    private Task<Dictionary<string, long>>? _answer;
    private long _asked;

    /// <summary>Number of the job's newest event, a moment ago; null if the job had ended or did not exist then.</summary>
    public async Task<long?> OfAsync(string jobId, CancellationToken cancellationToken)
    {
        Task<Dictionary<string, long>> answer;
        lock (_lock)
        {
            if (_answer is null || _answer.IsCompleted && Stopwatch.GetElapsedTime(_asked) >= Fresh)
                (_asked, _answer) = (Stopwatch.GetTimestamp(), AskAsync());
            answer = _answer;
        }

        return (await answer.WaitAsync(cancellationToken)).TryGetValue(jobId, out var number) ? number : null;
    }

    private async Task<Dictionary<string, long>> AskAsync()
    {
        // SQLite answers on the asking thread: not under the lock.
        await Task.Yield();
        await using var context = await contexts.CreateDbContextAsync();
        return await context.TrainingJobs.Where(job => job.Status == JobStatus.Queued || job.Status == JobStatus.Running || job.Status == JobStatus.Cancelling)
            .Select(job => new { job.Id, job.LastEvent }).ToDictionaryAsync(job => job.Id, job => job.LastEvent);
    }
}
