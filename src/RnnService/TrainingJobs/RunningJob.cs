namespace RnnService.TrainingJobs;

/// <summary>Why a running job stops before its end, if it does. The training loop asks between two steps.</summary>
internal sealed class RunningJob(CancellationToken shutdown)
{
    private volatile bool _cancelled;
    private volatile bool _fenced;

    /// <summary>A client asked for it.</summary>
    public bool IsCancelled => _cancelled;

    /// <summary>Another worker has claimed it.</summary>
    public bool IsFenced => _fenced;

    /// <summary>This process is ending.</summary>
    public bool IsShutdown => shutdown.IsCancellationRequested;

    /// <summary>Whether to stop, for whatever reason.</summary>
    public bool MustStop => _cancelled || _fenced || shutdown.IsCancellationRequested;

    /// <summary>A client asked the job to stop.</summary>
    public void Cancel() => _cancelled = true;

    /// <summary>Another worker has claimed the job.</summary>
    public void Fence() => _fenced = true;
}
