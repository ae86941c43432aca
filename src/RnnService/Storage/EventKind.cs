namespace RnnService.Storage;

/// <summary>What an event of a job tells.</summary>
internal enum EventKind
{
    /// <summary>Its status has changed, or a worker has claimed it anew.</summary>
    Status,

    /// <summary>How far it is; only the newest are kept.</summary>
    Progress,

    /// <summary>New measurements.</summary>
    Metrics,

    /// <summary>What the model makes of an example by now.</summary>
    Sample,

    /// <summary>A measurement of vanishing and exploding gradients.</summary>
    GradientFlow,

    /// <summary>Something that may surprise.</summary>
    Warning,

    /// <summary>It has ended; always a job's last event.</summary>
    Done,
}
