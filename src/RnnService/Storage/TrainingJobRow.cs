namespace RnnService.Storage;

/// <summary>
/// A training job. The row is the owner of the job's truth: a worker claims it by a conditional update of lease and fence,
/// and writes nothing once its fence is no longer the row's.
/// </summary>
internal sealed class TrainingJobRow
{
    /// <summary><c>job_…</c></summary>
    public required string Id { get; set; }

    /// <summary>The name the client gave it, if any.</summary>
    public string? Name { get; set; }

    /// <summary>Where it is in its life.</summary>
    public JobStatus Status { get; set; }

    /// <summary>Name of the model it publishes to.</summary>
    public required string Model { get; set; }

    /// <summary>The training set.</summary>
    public required string DatasetId { get; set; }

    /// <summary>The set to choose the best weights on; else a part of the training set is held out.</summary>
    public string? ValidationDatasetId { get; set; }

    /// <summary>The set to measure the published weights on.</summary>
    public string? TestDatasetId { get; set; }

    /// <summary>The whole resolved spec as JSON.</summary>
    public required string SpecJson { get; set; }

    /// <summary>Epoch, step and pace as JSON.</summary>
    public string? ProgressJson { get; set; }

    /// <summary>Metrics per split as JSON.</summary>
    public string? MetricsJson { get; set; }

    /// <summary>Warnings as a JSON array.</summary>
    public required string WarningsJson { get; set; }

    /// <summary>Why it failed.</summary>
    public string? Error { get; set; }

    /// <summary>Starts since the last committed checkpoint.</summary>
    public int Attempt { get; set; }

    /// <summary>Who holds the lease.</summary>
    public string? Worker { get; set; }

    /// <summary>Until when the lease holds (UTC).</summary>
    public DateTime? LeaseUntil { get; set; }

    /// <summary>Grows with every claim; a write that carries an older one must not happen.</summary>
    public long Fence { get; set; }

    /// <summary>Whether a client asked to stop it.</summary>
    public bool CancelRequested { get; set; }

    /// <summary>Number of its newest event; raised in the transaction that adds the event.</summary>
    public long LastEvent { get; set; }

    /// <summary>The published version.</summary>
    public int? ResultVersion { get; set; }

    /// <summary>The published version whose receipt it replays; null for a job that publishes one.</summary>
    public int? VerifiesVersion { get; set; }

    /// <summary>What the replay showed, as JSON.</summary>
    public string? VerdictJson { get; set; }

    /// <summary>The sweep it belongs to; then the sweep publishes, not the job.</summary>
    public string? SweepId { get; set; }

    /// <summary>Its combination of the sweep's grid, as JSON.</summary>
    public string? SweepValuesJson { get; set; }

    /// <summary>W3C trace context of the request that created it.</summary>
    public string? TraceParent { get; set; }

    /// <summary>When it was accepted (UTC).</summary>
    public DateTime CreatedAt { get; set; }

    /// <summary>When a worker first started it (UTC).</summary>
    public DateTime? StartedAt { get; set; }

    /// <summary>When it ended (UTC).</summary>
    public DateTime? FinishedAt { get; set; }
}
