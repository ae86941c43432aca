using Microsoft.EntityFrameworkCore;

namespace RnnService.Storage;

/// <summary>Large values in the database, written and read as streams of chunks.</summary>
internal sealed class Blobs(IDbContextFactory<RnnDbContext> contexts, TimeProvider time)
{
    /// <summary>Begins a blob; complete the stream, then point a row of the owner at it.</summary>
    public BlobWriter Create(BlobKind kind)
    {
        var now = time.GetUtcNow();
        return new BlobWriter(contexts, new BlobRow { Id = Ids.New("blob", now), Kind = kind, Sha256 = "", CreatedAt = now.UtcDateTime });
    }

    /// <summary>Opens a completed blob for reading.</summary>
    /// <exception cref="CorruptBlobException">There is no such blob, or it was never completed.</exception>
    public async Task<BlobReader> OpenAsync(string blobId, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var blob = await context.Blobs.AsNoTracking().FirstOrDefaultAsync(row => row.Id == blobId && row.Sha256 != "", cancellationToken);
        return new BlobReader(contexts, blob ?? throw new CorruptBlobException(blobId, 0, "is missing"));
    }

    /// <summary>Deletes a blob that no row points at any more; one that is gone already is fine.</summary>
    public async Task DeleteAsync(string blobId, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Blobs.Where(row => row.Id == blobId).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>Deletes blobs begun before <paramref name="before"/> that no row points at: what a killed process left behind.</summary>
    /// <returns>How many were deleted.</returns>
    public async Task<int> DeleteOrphansAsync(DateTime before, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Blobs
            .Where(blob => blob.CreatedAt < before
                && !context.Datasets.Any(row => row.BlobId == blob.Id)
                && !context.Sweeps.Any(row => row.BlobId == blob.Id)
                && !context.Checkpoints.Any(row => row.BlobId == blob.Id)
                && !context.ModelVersions.Any(row => row.BlobId == blob.Id))
            .ExecuteDeleteAsync(cancellationToken);
    }
}
