using System.Text.Json.Serialization;

namespace RnnService.TrainingJobs;

/// <summary>How far a job is.</summary>
internal sealed record JobProgress
{
    /// <summary>Epochs completed.</summary>
    public int Epoch { get; init; }

    /// <summary>Most epochs it will do.</summary>
    public int Epochs { get; init; }

    /// <summary>Optimizer updates done.</summary>
    public long Step { get; init; }

    /// <summary>Optimizer updates of all epochs.</summary>
    public long TotalSteps { get; init; }

    /// <summary>Share of the updates done, 0 to 1.</summary>
    public double Fraction { get; init; }

    /// <summary>Trained tokens (or frames) by seconds spent in training steps, over the whole job.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Seconds left at this pace, if it does not stop early; null before the first step and after the end.</summary>
    public double? EtaSeconds { get; init; }
}

/// <summary>The stored form of the progress: what a resumed job needs to go on counting.</summary>
/// <param name="Shown">What clients see.</param>
/// <param name="Tokens">Tokens or frames trained so far.</param>
/// <param name="TrainingSeconds">Time spent in training steps so far.</param>
internal sealed record StoredProgress(JobProgress Shown, long Tokens, double TrainingSeconds)
{
    /// <summary>Nothing done yet.</summary>
    public static StoredProgress None(int epochs) => new(new JobProgress { Epochs = epochs }, 0, 0);
}

/// <summary>Metrics of one split.</summary>
internal sealed record SplitMetrics
{
    /// <summary>Cross-entropy in nats per target (a sequence's label, a step's label, a token), unsmoothed and unweighted.</summary>
    public double Loss { get; init; }

    /// <summary>Share of targets that were the most probable.</summary>
    public double Accuracy { get; init; }

    /// <summary>Unweighted mean of the classes' F1; absent on the training rows while training goes on.</summary>
    [JsonPropertyName("macro_f1")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? MacroF1 { get; init; }

    /// <summary><c>e^loss</c>, where text is emitted.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Perplexity { get; init; }

    /// <summary>Corpus BLEU-4 of greedy answers, where text is emitted for an input; on validation rows while training goes on, of at most 200 of them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Bleu { get; init; }
}

/// <summary>Metrics of the best weights so far, by split.</summary>
internal sealed record JobMetrics
{
    /// <summary>Kept with the metrics, shown beside them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JobBaseline? Baseline { get; init; }

    /// <summary>On the training rows: while training as seen during the best epoch (with dropout), in the end with the published weights.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SplitMetrics? Train { get; init; }

    /// <summary>On the validation rows.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SplitMetrics? Validation { get; init; }

    /// <summary>On the test rows, with the published weights.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SplitMetrics? Test { get; init; }
}
