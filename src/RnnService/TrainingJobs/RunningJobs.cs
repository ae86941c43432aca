using System.Collections.Concurrent;

namespace RnnService.TrainingJobs;

/// <summary>The jobs this process is working on, so that a cancel reaches them within a step and not with the next heartbeat.</summary>
internal sealed class RunningJobs
{
    private readonly ConcurrentDictionary<string, RunningJob> _jobs = new();

    /// <summary>A job starts here.</summary>
    public void Add(string jobId, RunningJob job) => _jobs[jobId] = job;

    /// <summary>A job no longer runs here.</summary>
    public void Remove(string jobId) => _jobs.TryRemove(jobId, out _);

    /// <summary>Asks the job to stop, if it runs here.</summary>
    public void Cancel(string jobId)
    {
        if (_jobs.TryGetValue(jobId, out var job)) job.Cancel();
    }
}
