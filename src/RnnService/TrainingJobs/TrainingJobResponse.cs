using System.Text.Json;
using System.Text.Json.Serialization;
using RnnService.Http;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>A training job.</summary>
internal sealed record TrainingJobResponse
{
    /// <summary>Opaque.</summary>
    public required string Id { get; init; }

    /// <summary>The job's own name, if it was given one.</summary>
    public required string? Name { get; init; }

    /// <summary><c>queued</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>cancelling</c> or <c>cancelled</c>.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>The model whose next version it makes.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the training dataset.</summary>
    public required string Dataset { get; init; }

    /// <summary>The spec with every value filled in.</summary>
    public required TrainingSpec Spec { get; init; }

    /// <summary>How far it is.</summary>
    public required JobProgress Progress { get; init; }

    /// <summary>Metrics of the best weights so far.</summary>
    public required JobMetrics Metrics { get; init; }

    /// <summary>What a trivial competitor reaches and whether the model beats it; null before a worker has read the data, and for verifications.</summary>
    public required JobBaseline? Baseline { get; init; }

    /// <summary>The version that it replays, in place of training a new one; else left out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Verifies { get; init; }

    /// <summary>The sweep it is part of, which publishes only the best of its jobs; else left out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Sweep { get; init; }

    /// <summary>The published version, once there is one; of a job that verifies, the verdict.</summary>
    public required JobResult? Result { get; init; }

    /// <summary>What may surprise.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Why it failed, as a sentence.</summary>
    public required string? Error { get; init; }

    /// <summary>Starts since the last committed checkpoint.</summary>
    public required int Attempt { get; init; }

    /// <summary>The process that works or worked on it.</summary>
    public required string? Worker { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>When a worker first started it.</summary>
    public required DateTime? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTime? FinishedAt { get; init; }

    /// <summary>The row as clients see it.</summary>
    public static TrainingJobResponse Of(TrainingJobRow row)
    {
        var spec = JsonSerializer.Deserialize<TrainingSpec>(row.SpecJson, JsonConventions.Stored)!;
        var metrics = row.MetricsJson is null ? new JobMetrics() : JsonSerializer.Deserialize<JobMetrics>(row.MetricsJson, JsonConventions.Stored)!;
        var progress = row.ProgressJson is null ? StoredProgress.None(spec.Training.Epochs) : JsonSerializer.Deserialize<StoredProgress>(row.ProgressJson, JsonConventions.Stored)!;
        return new TrainingJobResponse
        {
            Id = row.Id,
            Name = row.Name,
            Status = row.Status,
            Model = row.Model,
            Dataset = spec.Dataset,
            Spec = spec,
            Progress = Shown(progress.Shown, row),
            Metrics = metrics with { Baseline = null },
            Baseline = metrics.Baseline,
            Result = row.ResultVersion is int version ? new JobResult(row.Model, version)
                : row.VerdictJson is { } verdict ? new JobResult(row.Model, row.VerifiesVersion!.Value, JsonSerializer.Deserialize<JobVerification>(verdict, JsonConventions.Stored)) : null,
            Verifies = row.VerifiesVersion is int verified ? $"{row.Model}:{verified}" : null,
            Sweep = row.SweepId,
            Warnings = [.. JsonSerializer.Deserialize<string[]>(row.WarningsJson, JsonConventions.Stored)!, .. metrics.Baseline?.Warning is { } warning ? [warning] : Array.Empty<string>()],
            Error = row.Error,
            Attempt = row.Attempt,
            Worker = row.Worker,
            CreatedAt = row.CreatedAt,
            StartedAt = row.StartedAt,
            FinishedAt = row.FinishedAt,
        };
    }

    // A job that early stopping ended is done, however many steps were planned.
    private static JobProgress Shown(JobProgress progress, TrainingJobRow row) => row switch
    {
        { FinishedAt: null } => progress,
        { Status: JobStatus.Succeeded } => progress with { EtaSeconds = null, Fraction = 1 },
        _ => progress with { EtaSeconds = null },
    };
}

/// <summary>What a job made, or verified.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Version">Number of its version.</param>
/// <param name="Verification">What a replay of the version's receipt showed; only of a job that verifies.</param>
internal sealed record JobResult(string Model, int Version, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JobVerification? Verification = null);

/// <summary>What a replay of a version's receipt showed.</summary>
/// <param name="Verified">True: the weights came out bit-identical; false: they did not; null: they cannot be compared here.</param>
/// <param name="ReceiptSha256">Hash of the weights as the receipt has it.</param>
/// <param name="StoredSha256">Hash of the weights as they are stored now; null where they were not read or cannot be.</param>
/// <param name="ReplayedSha256">Hash of the weights that the replay ended in; null where nothing was trained.</param>
/// <param name="Detail">The verdict as a sentence.</param>
internal sealed record JobVerification(bool? Verified, string ReceiptSha256, string? StoredSha256, string? ReplayedSha256, string Detail);

/// <summary>A job's measurements, ascending by step.</summary>
/// <param name="Data">The points.</param>
internal sealed record MetricsResponse(IReadOnlyList<MetricPoint> Data);

/// <summary>One measured number.</summary>
/// <param name="Step">Optimizer updates done.</param>
/// <param name="Epoch">Epoch, from 1.</param>
/// <param name="Split"><c>train</c>, <c>validation</c> or <c>test</c>.</param>
/// <param name="Name"><c>loss</c>, <c>accuracy</c>, <c>macro_f1</c>, <c>learning_rate</c>, <c>gradient_norm</c> or <c>tokens_per_second</c>.</param>
/// <param name="Value">Its value.</param>
internal sealed record MetricPoint(long Step, int Epoch, string Split, string Name, double Value);
