using Rnn.Data;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>A stored dataset as a job sees it before reading its rows.</summary>
/// <param name="Row">The row.</param>
/// <param name="Summary">What was found out when it was stored.</param>
internal sealed record StoredDataset(DatasetRow Row, DatasetSummary Summary)
{
    /// <summary>Task and kind of input in words.</summary>
    public string Kind => $"{SnakeCaseEnum<InputKind>.Write(Summary.Input)} for {SnakeCaseEnum<LearningTask>.Write(Row.Task)}";

    /// <summary>Rows per label.</summary>
    public IReadOnlyDictionary<string, long> Labels => Summary.Labels;

    /// <summary>What the defaults depend on.</summary>
    public DatasetFacts Facts => new(Summary.Input, (int)Row.Rows, Summary.Lengths.P50, Summary.Lengths.Max, Summary.Labels.Count, Summary.FeatureSize ?? 0);

    /// <summary>The facts with lengths as the spec's tokenizer will see them, not above what they are.</summary>
    public DatasetFacts StepsFor(TrainingSpec spec) => spec.Tokenizer?.Kind == TokenizerKind.Char && Summary.Characters is { } characters
        ? Facts with { MedianLength = characters.P50, MaxLength = characters.Max } : Facts;

    /// <summary>The row with its summary.</summary>
    public static StoredDataset Of(DatasetRow row) => new(row, DatasetSummary.Of(row));
}
