using System.Diagnostics;
using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace RnnService;

/// <summary>What the service counts and traces, and who may read it. No label names a job, a model or a key: their number has no bound.</summary>
internal static class Telemetry
{
    /// <summary>Name of the service's meter and of its source of activities.</summary>
    public const string Name = "RnnService";

    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static readonly Meter s_meter = new(Name);

    /// <summary>Spans of work outside requests.</summary>
    public static ActivitySource Activities { get; } = new(Name);

    /// <summary>Optimizer updates made.</summary>
    public static Counter<long> TrainingSteps { get; } = s_meter.CreateCounter<long>("rnnservice.training.steps", description: "Optimizer updates made.");

    /// <summary>Tokens or frames trained on.</summary>
    public static Counter<long> TrainingTokens { get; } = s_meter.CreateCounter<long>("rnnservice.training.tokens", description: "Target tokens trained on.");

    /// <summary>Checkpoints stored.</summary>
    public static Counter<long> CheckpointsStored { get; } = s_meter.CreateCounter<long>("rnnservice.checkpoint.stored", description: "Checkpoints stored.");

    /// <summary>What they took, from the snapshot to the commit; training goes on during most of it.</summary>
    public static Counter<double> CheckpointSeconds { get; } = s_meter.CreateCounter<double>("rnnservice.checkpoint.seconds", description: "Seconds that taking and storing checkpoints took.");

    /// <summary>What becomes of leases; label <c>event</c>: <c>claimed</c>, <c>missed</c> (a heartbeat), <c>fenced</c>, <c>released</c>.</summary>
    public static Counter<long> LeaseEvents { get; } = s_meter.CreateCounter<long>("rnnservice.lease.events", description: "What became of the leases of jobs.");

    /// <summary>Requests for a model; label <c>result</c>: <c>hit</c> or <c>miss</c>.</summary>
    public static Counter<long> CacheRequests { get; } = s_meter.CreateCounter<long>("rnnservice.model.cache.requests", description: "Requests for models in memory.");

    /// <summary>Inputs computed together.</summary>
    public static Histogram<int> BatchSizes { get; } = s_meter.CreateHistogram("rnnservice.batch.size", description: "Inputs computed together.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] });

    /// <summary>Registers <c>/metrics</c>, and traces where the standard variable <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says where to send them.</summary>
    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(Name).AddAspNetCoreInstrumentation().AddPrometheusExporter());
        if (string.IsNullOrWhiteSpace(builder.Configuration[OtlpEndpoint])) return;
        telemetry.WithTracing(tracing => tracing.AddSource(Name).AddAspNetCoreInstrumentation().AddOtlpExporter());
    }

    /// <summary>Counts one event of a lease.</summary>
    public static void Lease(string happened) => LeaseEvents.Add(1, new KeyValuePair<string, object?>("event", happened));
}
