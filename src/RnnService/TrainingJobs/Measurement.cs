using Rnn.Data;
using Rnn.Models;
using Rnn.Training;

namespace RnnService.TrainingJobs;

/// <summary>What a network is worth on a job's rows. Its weights must be packed.</summary>
internal sealed class Measurement(Network network, TrainingData data, TokenizerKind? tokenizer, BatchShards shards)
{
    // While training goes on a glance is enough; generating is slower than measuring the loss.
    private const int TextsOfAGlance = 200;
    // The training rows only tell whether they are known better than others: a part says it too.
    private const int MostTrainingRows = 20_000;
    private const int MostTrainingWindows = 2_000;

    /// <summary>The figures of the epoch that ended, its loss measured already.</summary>
    public SplitMetrics After(Score validation) => Metrics(validation, [.. data.ValidationTexts.Take(TextsOfAGlance)]);

    /// <summary>On a part of the training rows, if they are many; without BLEU.</summary>
    public SplitMetrics Train()
    {
        var (set, most) = (data.Train, data.Train.Lanes > 0 ? MostTrainingWindows / data.Train.Lanes * data.Train.Lanes : MostTrainingRows);
        if (set.Count > most && most > 0) set = new ExampleSet([.. set.Inputs.Take(most)], [.. set.Targets.Take(most)], set.Lanes);
        return Metrics(Evaluation.Measure(network, set, shards), []);
    }

    /// <summary>On all validation rows.</summary>
    public SplitMetrics Validation() => Metrics(Evaluation.Measure(network, data.Validation, shards), data.ValidationTexts);

    /// <summary>On all test rows, if there are any.</summary>
    public SplitMetrics? Test() => data.Test is null ? null : Metrics(Evaluation.Measure(network, data.Test, shards), data.TestTexts);

    private SplitMetrics Metrics(Score score, IReadOnlyList<ReferenceTexts> texts) => new()
    {
        Loss = score.Loss,
        Accuracy = score.Accuracy,
        MacroF1 = score.MacroF1,
        // Infinity is no JSON number; nobody misses a perplexity of 10^300.
        Perplexity = network.EmitsTokens ? Math.Min(score.Perplexity, double.MaxValue) : null,
        Bleu = texts.Count > 0 ? ReferenceTexts.Bleu(network, data.Codec, texts, tokenizer == TokenizerKind.Char, shards) : null,
    };
}
