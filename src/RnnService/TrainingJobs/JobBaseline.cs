using System.Text.Json.Serialization;
using Rnn.Metrics;
using RnnService.Storage;
using static System.FormattableString;

namespace RnnService.TrainingJobs;

/// <summary>The trivial competitors of networks.</summary>
internal enum BaselineKind
{
    /// <summary>Always the most frequent label.</summary>
    MajorityClass,

    /// <summary>Multinomial naive Bayes over the bag of tokens and n-grams.</summary>
    NaiveBayes,

    /// <summary>Multinomial logistic regression on the vector, on one frame, or on the mean frame.</summary>
    SoftmaxRegression,

    /// <summary>The label each token has most often.</summary>
    MostFrequentTag,

    /// <summary>n-grams with Witten-Bell smoothing.</summary>
    NgramModel,

    /// <summary>A copy of the text whose source is nearest.</summary>
    NearestSource,
}

/// <summary>By what a model is compared with its baseline.</summary>
internal enum BaselineMetric
{
    /// <summary>Share of targets answered right.</summary>
    Accuracy,

    /// <summary>Nats per target token; lower is better.</summary>
    Loss,

    /// <summary>Corpus BLEU-4.</summary>
    Bleu,
}

/// <summary>What a model must beat to have learnt anything worth a network: a trivial competitor, learnt from the same rows and measured on the same.</summary>
internal sealed record JobBaseline
{
    /// <summary>Of those that answer with labels the better of the most frequent label and what suits the input.</summary>
    public required BaselineKind Name { get; init; }

    /// <summary>What is measured.</summary>
    public required BaselineMetric Metric { get; init; }

    /// <summary>Where: <c>test</c>, or <c>validation</c> without a test dataset.</summary>
    public required string Split { get; init; }

    /// <summary>The competitor's figure.</summary>
    public required double Value { get; init; }

    /// <summary>Lower and upper end of its bootstrap 95 % interval over sequences (of streams: windows); null where there is but one, and without width where all are alike.</summary>
    public required IReadOnlyList<double>? Interval { get; init; }

    /// <summary>What answering always with the most frequent training label reaches; absent where text is emitted.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MajorityLabel? Majority { get; init; }

    /// <summary>The published weights on the same rows; null before they are measured.</summary>
    public ModelFigure? Model { get; init; }

    /// <summary>Whether the model is better in at least 95 % of the resamples; null before it is measured.</summary>
    public bool? ModelBeatsBaseline { get; init; }

    /// <summary>What to tell whoever trains a model that does not beat it; null where it does or is not known yet.</summary>
    [JsonIgnore]
    public string? Warning => (Model, ModelBeatsBaseline) switch
    {
        (null, _) or (_, not false) => null,
        ({ Value: 0 }, _) when Metric == BaselineMetric.Bleu && Value == 0 =>
            $"BLEU is 0 on the {Split} rows, for the model as for {Described}: it cannot tell whether the model has learnt anything. Look at the loss, or send more rows or references.",
        _ => $"The model does not reliably beat {Described}: {(Metric == BaselineMetric.Bleu ? "BLEU" : SnakeCaseEnum<BaselineMetric>.Write(Metric))} {Shown(Model.Value, Model.Interval)} against {Shown(Value, Interval)} "
            + $"on the {Split} rows; it is better in {Invariant($"{100 * Model.Wins:0.#}")} % of {Bootstrap.Resamples:N0} resamples of them, 95 % are expected.",
    };

    private string Described => $"{SnakeCaseEnum<BaselineKind>.Write(Name)} ({Name switch
    {
        BaselineKind.MajorityClass => "always the most frequent label",
        BaselineKind.NaiveBayes => "which counts words and pairs of them, or runs of characters",
        BaselineKind.SoftmaxRegression => "which knows no order of frames",
        BaselineKind.MostFrequentTag => "which looks at one token at a time",
        BaselineKind.NgramModel => "which sees a few tokens back",
        _ => "which copies a training text",
    }})";

    private static string Shown(double value, IReadOnlyList<double>? interval) =>
        Invariant($"{value:0.####}") + (interval is null ? "" : Invariant($" (95 % interval {interval[0]:0.####} to {interval[1]:0.####})"));
}

/// <summary>The most frequent label of the training rows.</summary>
/// <param name="Label">The label.</param>
/// <param name="Accuracy">Share of the measured targets that have it.</param>
internal sealed record MajorityLabel(string Label, double Accuracy);

/// <summary>A model's figure beside its baseline's.</summary>
/// <param name="Value">The figure.</param>
/// <param name="Interval">Its bootstrap 95 % interval, as the baseline's.</param>
/// <param name="Wins">Share of 1,000 resamples of the rows in which the model is better (paired bootstrap).</param>
internal sealed record ModelFigure(double Value, IReadOnlyList<double>? Interval, double Wins);
