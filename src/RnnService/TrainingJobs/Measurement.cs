using System.Diagnostics;
using Rnn.Data;
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
    public SplitMetrics After(Score validation) => Metrics(validation, [.. data.ValidationTexts.Take(TextsOfAGlance)]);

    /// <summary>On a part of the training rows, if they are many; without BLEU.</summary>
    public SplitMetrics Train() => Metrics(Evaluation.Measure(network, TrainingPart(), shards), []);

    /// <summary>On all validation rows.</summary>
    public SplitMetrics Validation() => Metrics(Evaluation.Measure(network, data.Validation, shards), data.ValidationTexts);

    /// <summary>On all test rows, if there are any.</summary>
    public SplitMetrics? Test() => data.Test is null ? null : Metrics(Evaluation.Measure(network, data.Test, shards), data.TestTexts);

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

    private double Texts(IReadOnlyList<ReferenceTexts> texts) => ReferenceTexts.Bleu(network, data.Codec, texts, tokenizer == TokenizerKind.Char, shards);

    private SplitMetrics Metrics(Score score, IReadOnlyList<ReferenceTexts> texts) => new()
    {
        Loss = score.Loss,
        Accuracy = score.Accuracy,
        MacroF1 = score.MacroF1,
        // Infinity is no JSON number; nobody misses a perplexity of 10^300.
        Perplexity = network.EmitsTokens ? Math.Min(score.Perplexity, double.MaxValue) : null,
        Bleu = texts.Count > 0 ? Texts(texts) : null,
    };
}
