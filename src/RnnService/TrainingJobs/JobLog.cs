namespace RnnService.TrainingJobs;

/// <summary>What the log says about jobs; never an input or a row.</summary>
internal static partial class JobLog
{
    [LoggerMessage(1, LogLevel.Information, "Job {JobId} starts at step {Step} (attempt {Attempt})")]
    public static partial void Starts(ILogger log, string jobId, long step, int attempt);

    [LoggerMessage(2, LogLevel.Information, "Job {JobId} ended: {Status} {Result}")]
    public static partial void Ended(ILogger log, string jobId, string status, string result);

    [LoggerMessage(3, LogLevel.Error, "Job {JobId} failed")]
    public static partial void Failed(ILogger log, string jobId, Exception error);

    [LoggerMessage(4, LogLevel.Warning, "Job {JobId} could not renew its lease; trying again")]
    public static partial void HeartbeatMissed(ILogger log, string jobId, Exception error);

    [LoggerMessage(5, LogLevel.Warning, "Job {JobId} was claimed by another worker; stopping here")]
    public static partial void Fenced(ILogger log, string jobId);

    [LoggerMessage(6, LogLevel.Warning, "Job {JobId}: the checkpoint at step {Step} cannot be read, trying the one before")]
    public static partial void CheckpointUnreadable(ILogger log, string jobId, long step, Exception error);

    [LoggerMessage(7, LogLevel.Information, "Job {JobId} is handed back at step {Step}: the process is ending")]
    public static partial void HandedBack(ILogger log, string jobId, long step);

    [LoggerMessage(8, LogLevel.Warning, "Looking for unfinished jobs failed; trying again")]
    public static partial void ReconcileFailed(ILogger log, Exception error);

    [LoggerMessage(10, LogLevel.Warning, "Job {JobId} is left for another start: the database does not answer")]
    public static partial void LeftBehind(ILogger log, string jobId, Exception error);

    [LoggerMessage(11, LogLevel.Warning, "The database does not answer; a job waits for it: {Reason}")]
    public static partial void Waits(ILogger log, string reason);

    [LoggerMessage(9, LogLevel.Warning, "Job {JobId}: a checkpoint could not be written; training goes on")]
    public static partial void CheckpointFailed(ILogger log, string jobId, Exception error);
}
