using System.Text.Json;

namespace RnnService.Storage.Examples;

/// <summary>What is known of a dataset without reading it again; kept in <see cref="DatasetRow.SummaryJson"/>.</summary>
internal sealed record DatasetSummary
{
    /// <summary>What its sequences are made of.</summary>
    public required InputKind Input { get; init; }

    /// <summary>Rows of each label, labels in ordinal order.</summary>
    public required IReadOnlyDictionary<string, long> Labels { get; init; }

    /// <summary>Numbers in a frame; null unless the input is frames.</summary>
    public int? FeatureSize { get; init; }

    /// <summary>Lengths of the sequences: words separated by white space, tokens, or frames.</summary>
    public required LengthSummary Lengths { get; init; }

    /// <summary>Lengths of texts in characters; null unless the input is text.</summary>
    public LengthSummary? Characters { get; init; }

    /// <summary>What the owner should know before training on it.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The summary of a stored dataset.</summary>
    public static DatasetSummary Of(DatasetRow dataset) =>
        JsonSerializer.Deserialize<DatasetSummary>(dataset.SummaryJson, JsonConventions.Stored)
        ?? throw new InvalidDataException($"Dataset {dataset.Id} has no summary.");

    /// <summary>What <see cref="Of"/> reads.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonConventions.Stored);
}

/// <summary>How long sequences are.</summary>
/// <param name="Min">The shortest.</param>
/// <param name="P50">The median.</param>
/// <param name="P95">At most one in twenty is longer.</param>
/// <param name="Max">The longest.</param>
internal sealed record LengthSummary(int Min, int P50, int P95, int Max);
