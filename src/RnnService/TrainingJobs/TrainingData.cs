using Rnn.Data;
using Rnn.Models;
using RnnService.Http;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>The rows of a job as the network sees them, and what turned them into that.</summary>
/// <param name="Codec">The way in and out, learnt from the training rows.</param>
/// <param name="Train">Rows to learn from.</param>
/// <param name="Validation">Rows that choose the best epoch.</param>
/// <param name="Probe">Held-out rows as training sees them, for the flow of gradients; of a stream chunks.</param>
/// <param name="Test">Rows to measure the published weights on, if any.</param>
/// <param name="ValidationTexts">What should be emitted for the validation rows; empty where no text is emitted for an input.</param>
/// <param name="TestTexts">The same for the test rows.</param>
/// <param name="IsOneText">Whether the training rows are one text without beginning and end.</param>
/// <param name="Shown">A few validation rows as they were given, spread evenly, to look at while training goes on.</param>
internal sealed record TrainingData(
    Codec Codec, ExampleSet Train, ExampleSet Validation, ExampleSet Probe, ExampleSet? Test, IReadOnlyList<ReferenceTexts> ValidationTexts, IReadOnlyList<ReferenceTexts> TestTexts, bool IsOneText,
    IReadOnlyList<DatasetExample> Shown)
{
    private const int RowsShown = 3;
    // Windows for measuring carry the state, so their length changes nothing but memory.
    private const int MeasuringWindow = 128;
    private const int MeasuringLanes = 8;
    private const int TokensPerMeasuringLane = 2_000;
    private const int ProbeLanes = 4;

    /// <summary>Learns the codec from the training rows, unless it is known, and encodes all rows.</summary>
    /// <param name="task">What the rows teach.</param>
    /// <param name="spec">The resolved spec.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="known">The codec of the checkpoint or version to start from, if any.</param>
    public static TrainingData Make(LearningTask task, TrainingSpec spec, SplitRows rows, Codec? known)
    {
        var (train, held, test) = (rows.Train, rows.Validation, rows.Test);
        var codec = known ?? CodecLearning.Learn(task, spec, train.Rows, rows.All.Rows, train.IsOneText);
        var settings = spec.Training;
        if (task != LearningTask.LanguageModeling)
        {
            var measured = Examples(codec, held.Rows);
            return new TrainingData(codec, Examples(codec, train.Rows), measured, measured, test is null ? null : Examples(codec, test.Rows),
                ReferenceTexts.Of(codec, held.Rows), test is null ? [] : ReferenceTexts.Of(codec, test.Rows), rows.All.IsOneText, Spread(held.Rows, RowsShown));
        }

        var heldTokens = Tokens(codec, held, "validation");
        // Two chunks of each lane: the state of the first is carried into the second.
        var probe = heldTokens[..Math.Min(heldTokens.Length, (2 * ProbeLanes * settings.BpttSteps!.Value) + 1)];
        return new TrainingData(codec, TextStream.Windows(Tokens(codec, train, "training"), settings.BatchSize, settings.BpttSteps.Value), Measured(heldTokens),
            TextStream.Windows(probe, Math.Clamp(probe.Length / (2 * settings.BpttSteps.Value), 1, ProbeLanes), settings.BpttSteps.Value),
            test is null ? null : Measured(Tokens(codec, test, "test")), [], [], rows.All.IsOneText,
            held.IsOneText ? [held.Rows[0]] : Spread(held.Rows, RowsShown));
    }

    /// <summary>A network of the spec's shape for this data; its weights are zero.</summary>
    public Network MakeNetwork(LearningTask task, NetworkSpec spec)
    {
        var longest = Enumerable.Range(0, Train.Count).Max(row => Math.Max(Train.Inputs[row].Steps, Train.Targets[row].Length));
        return NetworkShapes.Of(task, spec, Codec, IsOneText, longest).Build();
    }

    private static DatasetExample[] Spread(IReadOnlyList<DatasetExample> rows, int most) =>
        [.. Enumerable.Range(0, Math.Min(most, rows.Count)).Select(i => rows[(int)((long)i * rows.Count / Math.Min(most, rows.Count))])];

    /// <summary>Rows as a codec turns them into inputs and targets.</summary>
    public static ExampleSet Examples(Codec codec, IReadOnlyList<DatasetExample> rows)
    {
        var classes = codec.Labels.Select((label, i) => (label, i)).ToDictionary(pair => pair.label, pair => pair.i, StringComparer.Ordinal);
        int[] target(DatasetExample row) => row.Target is not null ? codec.Output!.EncodeTarget(row.Target)
            : row.Labels is not null ? [.. row.Labels.Select(label => classes[label])] : [classes[row.Label!]];
        return new ExampleSet([.. rows.Select(row => CodecLearning.Encode(codec, row))], [.. rows.Select(row => new ReadOnlyMemory<int>(target(row)))]);
    }

    private static ReadOnlyMemory<int> Tokens(Codec codec, JobRows rows, string part)
    {
        ReadOnlyMemory<int> tokens = rows.IsOneText
            ? codec.Output!.EncodeParts(rows.Texts, rows.Texts.Sum(text => text.Length))
            : (int[])[codec.Output!.End, .. rows.Texts.SelectMany(codec.Output.EncodeTarget)];
        return tokens.Length > 1 ? tokens
            : throw new ProblemException(Problems.InvalidField("/tokenizer/kind", $"The {part} text is a single token: there is no next one to predict.", "Send more text (or hold more of it out: training.validation_fraction), or set tokenizer.kind to char."));
    }

    private static ExampleSet Measured(ReadOnlyMemory<int> tokens) => TextStream.Windows(tokens, Math.Clamp(tokens.Length / TokensPerMeasuringLane, 1, MeasuringLanes), MeasuringWindow);
}
