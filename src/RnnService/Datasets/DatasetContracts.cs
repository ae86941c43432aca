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

    /// <summary>What its sequences are made of.</summary>
    public required InputKind Input { get; init; }

    /// <summary>Number of examples.</summary>
    public required long Rows { get; init; }

    /// <summary>Size of the file in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>SHA-256 of the file.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Examples of each label.</summary>
    public required IReadOnlyDictionary<string, long> Labels { get; init; }

    /// <summary>Numbers in a frame; null unless the input is frames.</summary>
    public required int? FeatureSize { get; init; }

    /// <summary>Lengths of the sequences: words separated by white space, tokens, or frames.</summary>
    public required LengthSummary Lengths { get; init; }

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
            Lengths = summary.Lengths,
            Warnings = summary.Warnings,
            CreatedAt = row.CreatedAt,
        };
    }
}
