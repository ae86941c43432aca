using System.Text.Json;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>Something that happened to a job, not yet numbered.</summary>
/// <param name="Kind">What it tells.</param>
/// <param name="Json">Its data on one line.</param>
internal sealed record JobEvent(EventKind Kind, string Json)
{
    /// <summary>An event with this data.</summary>
    public static JobEvent Of<T>(EventKind kind, T data) => new(kind, JsonSerializer.Serialize(data, JsonConventions.Stored));

    /// <summary>The job's status, as of now.</summary>
    public static JobEvent OfStatus(JobStatus status) => Of(EventKind.Status, new StatusEvent(status));

    /// <summary>How far it is.</summary>
    public static JobEvent OfProgress(JobProgress progress) => Of(EventKind.Progress, progress);

    /// <summary>New measurements.</summary>
    public static JobEvent OfMetrics(IEnumerable<MetricRow> points) => Of(EventKind.Metrics,
        new MetricsResponse([.. points.Select(row => new MetricPoint(row.Step, row.Epoch, row.Split, row.Name, row.Value))]));

    /// <summary>What the network makes of a few held-out rows by now.</summary>
    public static JobEvent OfSamples(SampleEvent samples) => Of(EventKind.Sample, samples);

    /// <summary>Something that may surprise.</summary>
    public static JobEvent OfWarning(string message) => Of(EventKind.Warning, new WarningEvent(message));

    /// <summary>The end.</summary>
    public static JobEvent OfEnd(TrainingJobResponse job) => Of(EventKind.Done, new DoneEvent(job.Status, job.Result, job.Error, job.Metrics));
}

/// <summary>Data of a <c>status</c> event.</summary>
/// <param name="Status">The job's status.</param>
internal sealed record StatusEvent(JobStatus Status);

/// <summary>Data of a <c>warning</c> event.</summary>
/// <param name="Message">A sentence.</param>
internal sealed record WarningEvent(string Message);

/// <summary>Data of the <c>done</c> event: what the job says of itself at its end.</summary>
/// <param name="Status"><c>succeeded</c>, <c>failed</c> or <c>cancelled</c>.</param>
/// <param name="Result">The published version, if there is one.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Metrics">Metrics of the published weights.</param>
internal sealed record DoneEvent(JobStatus Status, JobResult? Result, string? Error, JobMetrics Metrics);
