using Rnn.Baselines;
using Rnn.Data;
using Rnn.Metrics;
using Rnn.Training;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>The trivial competitor of a job, measured on the rows that judge the job's model.</summary>
/// <param name="Name">Which one.</param>
/// <param name="Metric">What is compared.</param>
/// <param name="Split">Where.</param>
/// <param name="Figure">What it reaches there.</param>
/// <param name="Majority">The most frequent label, where labels are answered.</param>
internal sealed record Competitor(BaselineKind Name, BaselineMetric Metric, string Split, SufficientStatistics Figure, MajorityLabel? Majority)
{
    // Words tell most of what they can in pairs, characters in longer runs.
    private const int WordOrders = 2;
    private const int CharOrders = 3;
    private const int WordModelOrder = 3;
    private const int CharModelOrder = 6;
    private const int VocabularySize = 200_000;
    private const double WinsToBeat = 0.95;

    /// <summary>Learns the competitor of anything but a language model from the training rows and measures it on the test rows, without any on the validation rows.</summary>
    /// <param name="task">What the rows teach.</param>
    /// <param name="spec">The resolved spec.</param>
    /// <param name="rows">The rows as they are stored.</param>
    /// <param name="data">The same as the network sees them.</param>
    /// <param name="shards">Threads to search with.</param>
    public static Competitor Measure(LearningTask task, TrainingSpec spec, SplitRows rows, TrainingData data, BatchShards shards)
    {
        var (split, judging, isChar) = (rows.Test is null ? "validation" : "test", rows.Test ?? rows.Validation, spec.Tokenizer?.Kind == TokenizerKind.Char);
        if (task is LearningTask.Captioning or LearningTask.Translation)
            return new(BaselineKind.NearestSource, BaselineMetric.Bleu, split, OfCopies(rows.Train, data, rows.Test is null ? data.ValidationTexts : data.TestTexts, isChar, shards), null);
        return OfLabels(task, spec, rows, judging, split);
    }

    /// <summary>The same for a language model, which needs nothing but its tokens.</summary>
    public static Competitor MeasureText(TrainingSpec spec, TrainingData data)
    {
        var (split, isChar) = (data.Test is null ? "validation" : "test", spec.Tokenizer!.Kind == TokenizerKind.Char);
        var losses = NgramLanguageModel.Measure(data.Train, data.Test ?? data.Validation, isChar ? CharModelOrder : WordModelOrder, data.Codec.Output!.EmissionSize);
        return new(BaselineKind.NgramModel, BaselineMetric.Loss, split, SufficientStatistics.OfMean(losses), null);
    }

    /// <summary>Before the model is measured.</summary>
    public JobBaseline Alone() => new() { Name = Name, Metric = Metric, Split = Split, Value = Figure.Value, Interval = Interval(Figure), Majority = Majority };

    /// <summary>Beside the model's figure of the same rows.</summary>
    public JobBaseline Against(SufficientStatistics model)
    {
        var wins = Metric == BaselineMetric.Loss ? Bootstrap.ShareHigher(Figure, model) : Bootstrap.ShareHigher(model, Figure);
        return Alone() with { Model = new ModelFigure(model.Value, Interval(model), wins), ModelBeatsBaseline = wins >= WinsToBeat };
    }

    /// <summary>The better of the most frequent label and what suits the input, which is read as it is given, however the network is told to read it.</summary>
    private static Competitor OfLabels(LearningTask task, TrainingSpec spec, SplitRows rows, JobRows judging, string split)
    {
        var plain = spec with
        {
            Tokenizer = spec.Tokenizer is not { } given ? null : given with
            {
                Kind = given.Kind == TokenizerKind.Char ? TokenizerKind.Char : TokenizerKind.Word,
                VocabularySize = VocabularySize,
                MinFrequency = 1,
                TokenNgrams = 1,
                SubwordFeatures = SubwordFeatures.None,
            },
            Features = spec.Features is null ? null : new FeaturesSpec { Scaling = Scaling.None },
        };
        var codec = CodecLearning.Learn(task, plain, rows.Train.Rows, rows.All.Rows);
        var (train, judged) = (TrainingData.Examples(codec, rows.Train.Rows), TrainingData.Examples(codec, judging.Rows));
        var (perStep, classes) = (task == LearningTask.SequenceLabeling, codec.Labels.Count);
        (BaselineKind Name, IClassBaseline Baseline) suited = codec.Scaler is not null ? (BaselineKind.SoftmaxRegression, SoftmaxRegression.Fit(train, classes, perStep))
            : perStep ? (BaselineKind.MostFrequentTag, MostFrequentTag.Fit(train, classes))
            : (BaselineKind.NaiveBayes, NaiveBayes.Fit(train, classes, plain.Tokenizer!.Kind == TokenizerKind.Char ? CharOrders : WordOrders));
        var majority = MajorityClass.Fit(train, classes);
        var (constant, able) = (Accuracy(majority, judged), Accuracy(suited.Baseline, judged));
        var (name, figure) = able.Value > constant.Value ? (suited.Name, able) : (BaselineKind.MajorityClass, constant);
        return new(name, BaselineMetric.Accuracy, split, figure, new MajorityLabel(codec.Labels[majority.Class], constant.Value));
    }

    private static SufficientStatistics OfCopies(JobRows train, TrainingData data, IReadOnlyList<ReferenceTexts> texts, bool overCharacters, BatchShards shards)
    {
        var nearest = NearestSource.Fit(data.Train.Inputs, [.. train.Rows.Select(row => row.Target!)], overCharacters ? CharOrders : WordOrders);
        var copies = new string[texts.Count];
        shards.Run(texts.Count, i => copies[i] = nearest.Answer(texts[i].Input));
        return SufficientStatistics.OfBleu(ReferenceTexts.Scores(texts, copies, overCharacters));
    }

    private static SufficientStatistics Accuracy(IClassBaseline baseline, ExampleSet set) => SufficientStatistics.OfMean(Enumerable.Range(0, set.Count).Select(row =>
    {
        var targets = set.Targets[row].Span;
        var right = 0;
        for (var i = 0; i < targets.Length; i++) right += baseline.Answer(set.Inputs[row], i) == targets[i] ? 1 : 0;
        return ((double)right, targets.Length);
    }));

    // One row drawn again and again says nothing of others.
    private static double[]? Interval(SufficientStatistics figure) => figure.Rows > 1 && Bootstrap.Interval(figure) is var (low, high) ? [low, high] : null;
}
