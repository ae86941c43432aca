namespace RnnService.Storage;

/// <summary>One event of a job, as its followers are sent it.</summary>
internal sealed class EventRow
{
    /// <summary>The job.</summary>
    public required string JobId { get; set; }

    /// <summary>Ascending within the job, from 1; never used twice, though numbers may be missing.</summary>
    public long Number { get; set; }

    /// <summary>What it tells.</summary>
    public EventKind Kind { get; set; }

    /// <summary>Its data as JSON on one line.</summary>
    public required string Json { get; set; }

    /// <summary>When it was written (UTC).</summary>
    public DateTime CreatedAt { get; set; }
}
