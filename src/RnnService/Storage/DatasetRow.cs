using RnnService.Storage.Examples;

namespace RnnService.Storage;

/// <summary>A stored dataset; its bytes are in <see cref="BlobId"/>.</summary>
internal sealed class DatasetRow
{
    /// <summary><c>ds_…</c></summary>
    public required string Id { get; set; }

    /// <summary>Unique.</summary>
    public required string Name { get; set; }

    /// <summary>What its rows teach.</summary>
    public LearningTask Task { get; set; }

    /// <summary>How its bytes are read.</summary>
    public DatasetFormat Format { get; set; }

    /// <summary>Number of examples; of plain text its lines.</summary>
    public long Rows { get; set; }

    /// <summary>Size of the file as uploaded.</summary>
    public long Bytes { get; set; }

    /// <summary>Lower-case hexadecimal SHA-256 of the file as uploaded.</summary>
    public required string Sha256 { get; set; }

    /// <summary>A <see cref="DatasetSummary"/> as JSON.</summary>
    public required string SummaryJson { get; set; }

    /// <summary>The bytes.</summary>
    public required string BlobId { get; set; }

    /// <summary>When it was stored (UTC).</summary>
    public DateTime CreatedAt { get; set; }
}
