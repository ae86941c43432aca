using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>A stored dataset.</summary>
internal sealed record DatasetAnswer
{
    /// <summary>Opaque id.</summary>
    public required string Id { get; init; }

    /// <summary>Its unique name.</summary>
    public required string Name { get; init; }

    /// <summary>What its rows teach.</summary>
    public required LearningTask Task { get; init; }

    /// <summary>How the file is read.</summary>
    public required DatasetFormat Format { get; init; }

    /// <summary>What its inputs are made of.</summary>
    public required InputKind Input { get; init; }

    /// <summary>Number of examples; of plain text its lines.</summary>
    public required long Rows { get; init; }

    /// <summary>Size of the file in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>SHA-256 of the file.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Examples of each label, or steps where every step has one; empty where a text is to be emitted.</summary>
    public required IReadOnlyDictionary<string, long> Labels { get; init; }

    /// <summary>Numbers in a frame or a vector; null for text and tokens.</summary>
    public required int? FeatureSize { get; init; }

    /// <summary>Names of a vector's numbers, where the file has a header.</summary>
    public required IReadOnlyList<string>? FeatureNames { get; init; }

    /// <summary>Lengths of the inputs: words separated by white space, tokens, frames, or 1 for a vector; of captions instead of their vectors.</summary>
    public required LengthSummary Lengths { get; init; }

    /// <summary>Words of the translations; null for other tasks.</summary>
    public required LengthSummary? TargetLengths { get; init; }

    /// <summary>What to know before training on it.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>When it was stored (UTC).</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>The answer for a row.</summary>
    public static DatasetAnswer Of(DatasetRow row)
    {
        var summary = DatasetSummary.Of(row);
        return new DatasetAnswer
        {
            Id = row.Id,
            Name = row.Name,
            Task = row.Task,
            Format = row.Format,
            Input = summary.Input,
            Rows = row.Rows,
            Bytes = row.Bytes,
            Sha256 = row.Sha256,
            Labels = summary.Labels,
            FeatureSize = summary.FeatureSize,
            FeatureNames = summary.FeatureNames,
            Lengths = summary.Lengths,
            TargetLengths = summary.TargetLengths,
            Warnings = summary.Warnings,
            CreatedAt = row.CreatedAt,
        };
    }
}
