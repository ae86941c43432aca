namespace RnnService.Storage;

/// <summary>
/// A sweep: jobs over every combination of a grid. The best model so far is kept here, unpublished, until the last job has ended;
/// every end of a job changes this row in its own transaction, so the row says at any moment what a restart has to go on from.
/// </summary>
internal sealed class SweepRow
{
    /// <summary><c>sweep_…</c></summary>
    public required string Id { get; set; }

    /// <summary>The name the client gave it, if any.</summary>
    public string? Name { get; set; }

    /// <summary>Running until the last job has ended.</summary>
    public JobStatus Status { get; set; }

    /// <summary>Name of the model whose next version the best job makes.</summary>
    public required string Model { get; set; }

    /// <summary>Name of the training dataset.</summary>
    public required string Dataset { get; set; }

    /// <summary>What is compared, for example <c>validation.loss</c>.</summary>
    public required string Objective { get; set; }

    /// <summary>The lists of values by path, as JSON.</summary>
    public required string GridJson { get; set; }

    /// <summary>How many jobs it has.</summary>
    public int Jobs { get; set; }

    /// <summary>How many of them have ended.</summary>
    public int Ended { get; set; }

    /// <summary>The best job so far.</summary>
    public string? BestJobId { get; set; }

    /// <summary>Its objective.</summary>
    public double? BestValue { get; set; }

    /// <summary>Its version as JSON, until it is published.</summary>
    public string? BestVersionJson { get; set; }

    /// <summary>Its weights, until they are a version's.</summary>
    public string? BlobId { get; set; }

    /// <summary>The published version.</summary>
    public int? ResultVersion { get; set; }

    /// <summary>When it was accepted (UTC).</summary>
    public DateTime CreatedAt { get; set; }

    /// <summary>When its last job ended (UTC).</summary>
    public DateTime? FinishedAt { get; set; }
}
