using System.Text.Json;

namespace RnnService.Storage.Examples;

/// <summary>What is known of a dataset without reading it again; kept in <see cref="DatasetRow.SummaryJson"/>.</summary>
internal sealed record DatasetSummary
{
    /// <summary>What its inputs are made of.</summary>
    public required InputKind Input { get; init; }

    /// <summary>Rows of each label, or steps where every step has one; labels in ordinal order, none where a text is to be emitted.</summary>
    public required IReadOnlyDictionary<string, long> Labels { get; init; }

    /// <summary>Numbers in a frame or a vector; null for text and tokens.</summary>
    public int? FeatureSize { get; init; }

    /// <summary>Names of a vector's numbers, where the file has a header.</summary>
    public IReadOnlyList<string>? FeatureNames { get; init; }

    /// <summary>Lengths of the inputs: words separated by white space, tokens, frames, or 1 for a vector; of captions instead of their vectors.</summary>
    public required LengthSummary Lengths { get; init; }

    /// <summary>The same lengths in characters; null unless they are of texts.</summary>
    public LengthSummary? Characters { get; init; }

    /// <summary>Words of the translations; null for other tasks.</summary>
    public LengthSummary? TargetLengths { get; init; }

    /// <summary>Characters of the translations; null for other tasks.</summary>
    public LengthSummary? TargetCharacters { get; init; }

    /// <summary>Features with values far out; null where there are none, or no numbers.</summary>
    public FeatureOutliers? Outliers { get; init; }

    /// <summary>What the owner should know before training on it.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The summary of a stored dataset.</summary>
    public static DatasetSummary Of(DatasetRow dataset) =>
        JsonSerializer.Deserialize<DatasetSummary>(dataset.SummaryJson, JsonConventions.Stored)
        ?? throw new InvalidDataException($"Dataset {dataset.Id} has no summary.");

    /// <summary>What <see cref="Of"/> reads.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonConventions.Stored);
}

/// <summary>Features of which a value lies more than 100 median absolute deviations from the median.</summary>
/// <param name="Features">How many there are.</param>
/// <param name="Farthest">The one whose value lies farthest, as clients know it.</param>
/// <param name="Deviations">How many deviations away that is.</param>
internal sealed record FeatureOutliers(int Features, string Farthest, double Deviations);

/// <summary>How long sequences are.</summary>
/// <param name="Min">The shortest.</param>
/// <param name="P50">The median.</param>
/// <param name="P95">At most one in twenty is longer.</param>
/// <param name="Max">The longest.</param>
internal sealed record LengthSummary(int Min, int P50, int P95, int Max);
