using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;

namespace RnnService.Storage;

/// <summary>A read-only, forward-only stream over a blob; holds one chunk and no connection between reads, and checks every chunk's hash and the whole's.</summary>
internal sealed class BlobReader : Stream
{
    private readonly IDbContextFactory<RnnDbContext> _contexts;
    private readonly BlobRow _blob;
    private readonly string _what;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _chunk = [];
    private int _offset;
    private int _next;
    private long _position;

    internal BlobReader(IDbContextFactory<RnnDbContext> contexts, BlobRow blob, string what) => (_contexts, _blob, _what) = (contexts, blob, what);

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_offset == _chunk.Length && _position < _blob.Bytes)
        {
            Accept(ReadChunk());
        }
        return Copy(buffer);
    }

    /// <inheritdoc/>
    /// <exception cref="CorruptBlobException">A chunk is missing or damaged.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_offset == _chunk.Length && _position < _blob.Bytes)
        {
            Accept(await ReadChunkAsync(cancellationToken));
        }
        return Copy(buffer.Span);
    }

    /// <summary>Whether reading one row failed because of what is stored: of a query that always works nothing else is left, but a database that is away.</summary>
    internal static bool IsDamage(Exception error) => error is not OperationCanceledException && !DatabaseAbsence.Caused(error);

    private BlobChunkRow? ReadChunk()
    {
        try
        {
            using var context = _contexts.CreateDbContext();
            return Chunk(context).FirstOrDefault();
        }
        catch (Exception error) when (IsDamage(error))
        {
            throw new CorruptBlobException(_what, _next, "cannot be read", error);
        }
    }

    private async Task<BlobChunkRow?> ReadChunkAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
            return await Chunk(context).FirstOrDefaultAsync(cancellationToken);
        }
        catch (Exception error) when (IsDamage(error))
        {
            throw new CorruptBlobException(_what, _next, "cannot be read", error);
        }
    }

    private IQueryable<BlobChunkRow> Chunk(RnnDbContext context) =>
        context.BlobChunks.AsNoTracking().Where(row => row.BlobId == _blob.Id && row.Index == _next);

    private void Accept(BlobChunkRow? row)
    {
        if (row is null || row.Data.Length == 0)
            throw new CorruptBlobException(_what, _next, "is missing");
        if (Convert.ToHexStringLower(SHA256.HashData(row.Data)) != row.Sha256)
            throw new CorruptBlobException(_what, _next, "does not have the hash it was stored with");
        _hash.AppendData(row.Data);
        // Chunks that are good each may be too few or too many where the blob's own row is damaged.
        var end = _position + row.Data.Length;
        if (end > _blob.Bytes || (end == _blob.Bytes && Convert.ToHexStringLower(_hash.GetHashAndReset()) != _blob.Sha256))
            throw new CorruptBlobException(_what, _next, "does not end the whole it was stored with");
        (_chunk, _offset) = (row.Data, 0);
        _next++;
    }

    private int Copy(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _chunk.Length - _offset);
        _chunk.AsSpan(_offset, count).CopyTo(buffer);
        _offset += count;
        _position += count;
        return count;
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <summary>Size of the blob in bytes.</summary>
    public override long Length => _blob.Bytes;

    /// <inheritdoc/>
    public override long Position { get => _position; set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _hash.Dispose();
        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
