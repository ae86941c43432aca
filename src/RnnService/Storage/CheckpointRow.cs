namespace RnnService.Storage;

/// <summary>A point a job can go on from; the newest two of a job are kept.</summary>
internal sealed class CheckpointRow
{
    /// <summary>The job.</summary>
    public required string JobId { get; set; }

    /// <summary>Optimizer updates done.</summary>
    public long Step { get; set; }

    /// <summary>Everything the next step depends on.</summary>
    public required string BlobId { get; set; }

    /// <summary>When it was committed (UTC).</summary>
    public DateTime CreatedAt { get; set; }
}
