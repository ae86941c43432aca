namespace RnnService.Storage;

/// <summary>The life of a training job: queued, running, then one of the ends.</summary>
internal enum JobStatus
{
    /// <summary>Waits for a worker.</summary>
    Queued,

    /// <summary>A worker holds its lease.</summary>
    Running,

    /// <summary>Its model is published.</summary>
    Succeeded,

    /// <summary>Ended with an error; may be resumed.</summary>
    Failed,

    /// <summary>Asked to stop, still running.</summary>
    Cancelling,

    /// <summary>Stopped on request; may be resumed.</summary>
    Cancelled,
}
