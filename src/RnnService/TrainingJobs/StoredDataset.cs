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
    public DatasetFacts Facts => new()
    {
        Task = Row.Task,
        Input = Summary.Input,
        Rows = (int)Row.Rows,
        MedianLength = Summary.Lengths.P50,
        MaxLength = Summary.Lengths.Max,
        TargetMaxLength = Summary.TargetLengths?.Max ?? 0,
        Classes = Summary.Labels.Count,
        FeatureSize = Summary.FeatureSize ?? 0,
        Bytes = Row.Bytes,
    };

    /// <summary>The facts with lengths as the spec's tokenizer will see them: at most their characters where it cuts words.</summary>
    public DatasetFacts StepsFor(TrainingSpec spec) => spec.Tokenizer?.Kind is null or TokenizerKind.Word || Summary.Characters is not { } characters
        ? Facts : Facts with { MedianLength = characters.P50, MaxLength = characters.Max, TargetMaxLength = Summary.TargetCharacters?.Max ?? 0 };

    /// <summary>The row with its summary.</summary>
    public static StoredDataset Of(DatasetRow row) => new(row, DatasetSummary.Of(row));
}
