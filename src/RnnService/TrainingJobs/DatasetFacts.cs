using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>What the defaults may depend on: the training data in a few numbers.</summary>
internal sealed record DatasetFacts
{
    /// <summary>What the rows teach.</summary>
    public LearningTask Task { get; init; } = LearningTask.SequenceClassification;

    /// <summary>What a row's input is made of.</summary>
    public required InputKind Input { get; init; }

    /// <summary>Rows of the training dataset.</summary>
    public required int Rows { get; init; }

    /// <summary>Median steps of a row: tokens (about) for text, frames for frames; of captions, as <see cref="MaxLength"/>.</summary>
    public required int MedianLength { get; init; }

    /// <summary>Steps of the longest row.</summary>
    public required int MaxLength { get; init; }

    /// <summary>The same for the texts of translations to emit; 0 for other tasks.</summary>
    public int TargetMaxLength { get; init; }

    /// <summary>Distinct labels; 0 where text is emitted.</summary>
    public int Classes { get; init; }

    /// <summary>Numbers per frame or vector; 0 for text and tokens.</summary>
    public int FeatureSize { get; init; }

    /// <summary>Size of the training dataset's file.</summary>
    public long Bytes { get; init; }

    /// <summary>Whether inputs are numbers rather than tokens.</summary>
    public bool IsNumeric => Input is InputKind.Frames or InputKind.Vector;

    /// <summary>Whether the answer is a text.</summary>
    public bool EmitsText => Task is LearningTask.Captioning or LearningTask.Translation or LearningTask.LanguageModeling;

    /// <summary>Whether tokens have vectors: those read, or those emitted and read back.</summary>
    public bool HasTokens => !IsNumeric || EmitsText;
}
