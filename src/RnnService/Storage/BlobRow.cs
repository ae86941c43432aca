namespace RnnService.Storage;

/// <summary>
/// A large value stored in chunks. It may be written in several transactions and counts only once a row of its owner points at it;
/// until it is complete <see cref="Sha256"/> is empty.
/// </summary>
internal sealed class BlobRow
{
    /// <summary><c>blob_…</c></summary>
    public required string Id { get; set; }

    /// <summary>What it holds.</summary>
    public BlobKind Kind { get; set; }

    /// <summary>Size of all chunks together, in bytes.</summary>
    public long Bytes { get; set; }

    /// <summary>Lower-case hexadecimal SHA-256 of all bytes.</summary>
    public required string Sha256 { get; set; }

    /// <summary>When writing began (UTC).</summary>
    public DateTime CreatedAt { get; set; }
}
