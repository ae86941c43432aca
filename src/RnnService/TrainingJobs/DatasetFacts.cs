using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>What the defaults may depend on: the training data in five numbers.</summary>
/// <param name="Input">What a row's sequence is made of.</param>
/// <param name="Rows">Rows of the training dataset.</param>
/// <param name="MedianLength">Median steps of a row: tokens (about) for text, frames for frames.</param>
/// <param name="MaxLength">Steps of the longest row.</param>
/// <param name="Classes">Distinct labels.</param>
/// <param name="FeatureSize">Numbers per frame; 0 for text and tokens.</param>
internal sealed record DatasetFacts(InputKind Input, int Rows, int MedianLength, int MaxLength, int Classes, int FeatureSize)
{
    /// <summary>Whether rows are numbers rather than tokens.</summary>
    public bool IsFrames => Input == InputKind.Frames;
}
