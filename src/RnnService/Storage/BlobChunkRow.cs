namespace RnnService.Storage;

/// <summary>One piece of a blob; pieces count from 0 without a gap.</summary>
internal sealed class BlobChunkRow
{
    /// <summary>The blob it belongs to.</summary>
    public required string BlobId { get; set; }

    /// <summary>Position among the blob's chunks.</summary>
    public int Index { get; set; }

    /// <summary>At most <see cref="BlobWriter.ChunkBytes"/> bytes.</summary>
    public required byte[] Data { get; set; }

    /// <summary>Lower-case hexadecimal SHA-256 of <see cref="Data"/>, checked on every read: a database's own check does not see a flipped bit.</summary>
    public required string Sha256 { get; set; }
}
