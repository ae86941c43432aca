namespace RnnService.Storage;

/// <summary>A stored chunk is missing or its bytes are not those that were written.</summary>
internal sealed class CorruptBlobException(string blobId, int chunk, string what)
    : IOException($"Chunk {chunk} of blob {blobId} {what}: restore the database from a backup.");
