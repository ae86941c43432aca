using System.Text.Json;
using System.Text.Json.Serialization;
using RnnService.Storage;

namespace RnnService.TrainingJobs.Sweeps;

/// <summary>What to train, with lists of values to try: a job for every combination of them.</summary>
internal sealed record SweepRequest : TrainingJobRequest
{
    /// <summary>Lists of values by path of the spec, for example <c>{"network.cell": ["gru", "lstm"], "training.learning_rate": [0.001, 0.003]}</c>.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<JsonElement>> Grid { get; init; }

    /// <summary>What is compared: <c>validation.loss</c> (the default), <c>validation.accuracy</c>, <c>validation.macro_f1</c>, <c>validation.perplexity</c>, <c>validation.bleu</c>, or the same of <c>test</c>.</summary>
    public string? Objective { get; init; }
}

/// <summary>A sweep.</summary>
internal sealed record SweepResponse
{
    /// <summary>Opaque.</summary>
    public required string Id { get; init; }

    /// <summary>The sweep's own name, if it was given one.</summary>
    public required string? Name { get; init; }

    /// <summary><c>queued</c> until a job starts, <c>running</c>, <c>succeeded</c> (the best is published), <c>failed</c> (no job made a model), <c>cancelling</c> or <c>cancelled</c>.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>The model whose next version the best job makes.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the training dataset.</summary>
    public required string Dataset { get; init; }

    /// <summary>What is compared.</summary>
    public required string Objective { get; init; }

    /// <summary>The lists of values by path.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<JsonElement>> Grid { get; init; }

    /// <summary>How far the whole is.</summary>
    public required SweepProgress Progress { get; init; }

    /// <summary>A row for every combination, the best first; left out in lists.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SweepResult>? Results { get; init; }

    /// <summary>The published version, once the sweep has ended.</summary>
    public required JobResult? Result { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>When its last job ended.</summary>
    public required DateTime? FinishedAt { get; init; }

    /// <summary>The row and its jobs as clients see them.</summary>
    public static SweepResponse Of(SweepRow row, IReadOnlyList<TrainingJobRow> jobs, bool withResults)
    {
        var shown = jobs.Select(TrainingJobResponse.Of).ToList();
        return new SweepResponse
        {
            Id = row.Id,
            Name = row.Name,
            Status = row.Status == JobStatus.Running && jobs.All(job => job.StartedAt is null) ? JobStatus.Queued : row.Status,
            Model = row.Model,
            Dataset = row.Dataset,
            Objective = row.Objective,
            Grid = JsonSerializer.Deserialize<IReadOnlyDictionary<string, IReadOnlyList<JsonElement>>>(row.GridJson, JsonConventions.Stored)!,
            Progress = new SweepProgress(row.Jobs, row.Ended, row.FinishedAt is not null ? 1 : (row.Ended + shown.Where(job => job.FinishedAt is null).Sum(job => job.Progress.Fraction)) / row.Jobs),
            Results = withResults ? Table(SweepObjective.Parse(row.Objective), jobs, shown) : null,
            Result = row.ResultVersion is int version ? new JobResult(row.Model, version) : null,
            CreatedAt = row.CreatedAt,
            FinishedAt = row.FinishedAt,
        };
    }

    private static IReadOnlyList<SweepResult> Table(SweepObjective objective, IReadOnlyList<TrainingJobRow> jobs, IEnumerable<TrainingJobResponse> shown) =>
    [
        .. jobs.Zip(shown, (row, job) => new SweepResult(JsonSerializer.Deserialize<IReadOnlyDictionary<string, JsonElement>>(row.SweepValuesJson!, JsonConventions.Stored)!, objective.ValueOf(job.Metrics), job.Id, job.Status, job.Metrics, job.Error))
            .OrderBy(result => result.Value is { } value ? objective.Order(value) : double.PositiveInfinity).ThenBy(result => result.Job, StringComparer.Ordinal),
    ];
}

/// <summary>How far a sweep is.</summary>
/// <param name="Jobs">Combinations, each of which is a job.</param>
/// <param name="Ended">Jobs that have ended.</param>
/// <param name="Fraction">Share of the whole that is done, 0 to 1.</param>
internal sealed record SweepProgress(int Jobs, int Ended, double Fraction);

/// <summary>One combination.</summary>
/// <param name="Values">Its values by path.</param>
/// <param name="Value">Its objective: in the end of its published weights, before of the best epoch so far; null before it is measured.</param>
/// <param name="Job">Its job.</param>
/// <param name="Status">The job's status.</param>
/// <param name="Metrics">The job's metrics.</param>
/// <param name="Error">Why the job failed.</param>
internal sealed record SweepResult(IReadOnlyDictionary<string, JsonElement> Values, double? Value, string Job, JobStatus Status, JobMetrics Metrics, string? Error);
