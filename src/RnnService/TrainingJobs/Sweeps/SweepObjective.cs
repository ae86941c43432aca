using RnnService.Storage;

namespace RnnService.TrainingJobs.Sweeps;

/// <summary>By what the jobs of a sweep are compared.</summary>
/// <param name="Split"><c>validation</c> or <c>test</c>.</param>
/// <param name="Metric">A figure of that split.</param>
internal sealed record SweepObjective(string Split, string Metric)
{
    /// <summary>What is compared when nothing else is said.</summary>
    public const string Default = "validation.loss";

    /// <summary>Whether the smaller figure is the better one.</summary>
    public bool LowerIsBetter => Metric is "loss" or "perplexity";

    /// <summary>All that can be compared: a network that learns by heart is the best on its training rows, so those are not among them.</summary>
    public static IEnumerable<string> Available(LearningTask task, bool hasTest)
    {
        string[] metrics = task switch
        {
            LearningTask.LanguageModeling => ["loss", "accuracy", "perplexity"],
            LearningTask.Captioning or LearningTask.Translation => ["loss", "accuracy", "perplexity", "bleu"],
            _ => ["loss", "accuracy", "macro_f1"],
        };
        string[] splits = hasTest ? ["validation", "test"] : ["validation"];
        return splits.SelectMany(split => metrics.Select(metric => $"{split}.{metric}"));
    }

    /// <summary>The objective of a text that is one of <see cref="Available"/>.</summary>
    public static SweepObjective Parse(string text) => new(text[..text.IndexOf('.', StringComparison.Ordinal)], text[(text.IndexOf('.', StringComparison.Ordinal) + 1)..]);

    /// <summary>The figure, or null before it is measured.</summary>
    public double? ValueOf(JobMetrics metrics)
    {
        var split = Split == "test" ? metrics.Test : metrics.Validation;
        return Metric switch
        {
            "loss" => split?.Loss,
            "accuracy" => split?.Accuracy,
            "macro_f1" => split?.MacroF1,
            "perplexity" => split?.Perplexity,
            _ => split?.Bleu,
        };
    }

    /// <summary>Sorts the best first.</summary>
    public double Order(double value) => LowerIsBetter ? value : -value;
}
