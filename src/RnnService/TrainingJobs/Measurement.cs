using System.Diagnostics;
using Rnn.Data;
using Rnn.Metrics;
using Rnn.Models;
using Rnn.Training;

namespace RnnService.TrainingJobs;

/// <summary>What a network is worth on a job's rows. Its weights must be packed.</summary>
internal sealed class Measurement(Network network, TrainingData data, TokenizerKind? tokenizer, BatchShards shards)
{
    // While training goes on a glance is enough; generating is slower than measuring the loss.
    private const int TextsOfAGlance = 200;
    private const int TextsOfATrial = 50;
    // The training rows only tell whether they are known better than others: a part says it too.
    private const int MostTrainingRows = 20_000;
    private const int MostTrainingWindows = 2_000;

    /// <summary>The figures of the epoch that ended, its loss measured already.</summary>
    public SplitMetrics After(Score validation) => Metrics(validation, Texts([.. data.ValidationTexts.Take(TextsOfAGlance)]));

    /// <summary>On a part of the training rows, if they are many; without BLEU.</summary>
    public SplitMetrics Train() => Metrics(Evaluation.Measure(network, TrainingPart(), shards), null);

    /// <summary>On all validation rows.</summary>
    public MeasuredSplit Validation() => Whole(data.Validation, data.ValidationTexts);

    /// <summary>On all test rows, if there are any.</summary>
    public MeasuredSplit? Test() => data.Test is null ? null : Whole(data.Test, data.TestTexts);

    /// <summary>Seconds that all measuring of a run takes: a trial of the loss and one of the texts, times what there will be of them.</summary>
    public double EstimateSeconds(int epochs)
    {
        var start = Stopwatch.GetTimestamp();
        Evaluation.Measure(network, data.Validation, shards);
        var ofTarget = Stopwatch.GetElapsedTime(start).TotalSeconds / Targets(data.Validation);
        var total = ofTarget * (((epochs + 1.0) * Targets(data.Validation)) + Targets(TrainingPart()) + (data.Test is null ? 0 : Targets(data.Test)));
        if (data.ValidationTexts.Count == 0) return total;
        IReadOnlyList<ReferenceTexts> trial = [.. data.ValidationTexts.Take(TextsOfATrial)];
        // Once for code that is not optimised yet.
        Texts(trial);
        start = Stopwatch.GetTimestamp();
        Texts(trial);
        var ofText = Stopwatch.GetElapsedTime(start).TotalSeconds / trial.Count;
        return total + ofText * ((double)epochs * Math.Min(TextsOfAGlance, data.ValidationTexts.Count) + data.ValidationTexts.Count + data.TestTexts.Count);
    }

    private static long Targets(ExampleSet set) => set.Targets.Sum(targets => (long)targets.Length);

    private ExampleSet TrainingPart()
    {
        var (set, most) = (data.Train, data.Train.Lanes > 0 ? MostTrainingWindows / data.Train.Lanes * data.Train.Lanes : MostTrainingRows);
        return set.Count > most && most > 0 ? new ExampleSet([.. set.Inputs.Take(most)], [.. set.Targets.Take(most)], set.Lanes) : set;
    }

    private MeasuredSplit Whole(ExampleSet set, IReadOnlyList<ReferenceTexts> texts)
    {
        var (score, rows) = Evaluation.MeasureRows(network, set, shards);
        var bleu = Texts(texts);
        return new(Metrics(score, bleu), bleu ?? SufficientStatistics.OfMean(rows.Select(row => (network.EmitsTokens ? row.Loss : row.Correct, row.Targets))));
    }

    /// <summary>BLEU of the greedy answers; null where no text is emitted for an input.</summary>
    private SufficientStatistics? Texts(IReadOnlyList<ReferenceTexts> texts) =>
        texts.Count == 0 ? null : SufficientStatistics.OfBleu(ReferenceTexts.Scores(texts, ReferenceTexts.Greedy(network, data.Codec, texts, shards), tokenizer == TokenizerKind.Char));

    private SplitMetrics Metrics(Score score, SufficientStatistics? bleu) => new()
    {
        Loss = score.Loss,
        Accuracy = score.Accuracy,
        MacroF1 = score.MacroF1,
        // Infinity is no JSON number.
        Perplexity = network.EmitsTokens && double.IsFinite(score.Perplexity) ? score.Perplexity : null,
        Bleu = bleu?.Value,
    };
}

/// <summary>The figures of a split.</summary>
/// <param name="Metrics">All of them.</param>
/// <param name="Figure">The one that a baseline is compared by: accuracy, the loss of a language model, or BLEU where text is emitted for an input.</param>
internal sealed record MeasuredSplit(SplitMetrics Metrics, SufficientStatistics Figure);
