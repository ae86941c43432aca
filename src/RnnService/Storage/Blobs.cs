using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;

namespace RnnService.Storage;

/// <summary>Large values in the database, written and read as streams of chunks.</summary>
internal sealed class Blobs(IDbContextFactory<RnnDbContext> contexts, TimeProvider time)
{
    // What could not be deleted, for example because a full disk had no room for that: deleted after the next blob for which there is room.
    private readonly ConcurrentQueue<string> _left = new();

    /// <summary>Begins a blob; complete the stream, then point a row of the owner at it.</summary>
    public BlobWriter Create(BlobKind kind)
    {
        var now = time.GetUtcNow();
        return new BlobWriter(contexts, this, new BlobRow { Id = Ids.New("blob", now), Kind = kind, Sha256 = "", CreatedAt = now.UtcDateTime });
    }

    /// <summary>Opens a completed blob for reading.</summary>
    /// <param name="blobId">The blob.</param>
    /// <param name="what">What it holds, for the sentence that says it is damaged.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    /// <exception cref="CorruptBlobException">There is no such blob, it was never completed or its row is damaged.</exception>
    public async Task<BlobReader> OpenAsync(string blobId, string what, CancellationToken cancellationToken)
    {
        BlobRow? blob;
        try
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            blob = await context.Blobs.AsNoTracking().FirstOrDefaultAsync(row => row.Id == blobId && row.Sha256 != "", cancellationToken);
        }
        catch (Exception error) when (BlobReader.IsDamage(error))
        {
            throw new CorruptBlobException(what, 0, "cannot be read", error);
        }

        if (blob is null) throw new CorruptBlobException(what, 0, "is missing");
        // With chunks to read their end is where the whole is compared.
        if (blob.Bytes <= 0 && blob.Sha256 != Convert.ToHexStringLower(SHA256.HashData([]))) throw new CorruptBlobException(what, 0, "is missing");
        return new BlobReader(contexts, blob, what);
    }

    /// <summary>Deletes a blob that no row points at any more; one that is gone already is fine.</summary>
    public async Task DeleteAsync(string blobId, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Blobs.Where(row => row.Id == blobId).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>The same after something went wrong, and never throws for that: while it is not possible, it is remembered.</summary>
    public async Task GiveUpAsync(string blobId)
    {
        try
        {
            await DeleteAsync(blobId, CancellationToken.None);
        }
        catch (Exception error) when (DatabaseAbsence.Caused(error))
        {
            _left.Enqueue(blobId);
        }
        catch (DbException)
        {
            // A row points at it after all: it was committed without our hearing of it.
        }
    }

    /// <summary>Deletes what was given up and could not be deleted then.</summary>
    internal async Task DeleteLeftAsync()
    {
        for (var count = _left.Count; count > 0 && _left.TryDequeue(out var blobId); count--) await GiveUpAsync(blobId);
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
