using System.Buffers;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;

namespace RnnService.Storage;

/// <summary>
/// A write-only stream into a new blob, one short transaction a chunk. Call <see cref="CompleteAsync"/> when all is written;
/// disposed without it, the blob is deleted.
/// </summary>
internal sealed class BlobWriter : Stream
{
    /// <summary>Size of every chunk but the last: small enough that other writers of SQLite hardly wait, large enough that commits do not dominate.</summary>
    public const int ChunkBytes = 2 * 1024 * 1024;

    private readonly IDbContextFactory<RnnDbContext> _contexts;
    private readonly Blobs _owner;
    private readonly BlobRow _blob;
    // Large arrays lie about until the collector comes by.
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private int _filled;
    private int _chunks;
    private bool _started;
    private bool _completed;
    private bool _disposed;

    internal BlobWriter(IDbContextFactory<RnnDbContext> contexts, Blobs owner, BlobRow blob) => (_contexts, _owner, _blob) = (contexts, owner, blob);

    /// <summary>Id of the blob being written.</summary>
    public string BlobId => _blob.Id;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (_filled == ChunkBytes)
                FlushChunkAsync(CancellationToken.None).GetAwaiter().GetResult();
            buffer = buffer[Take(buffer)..];
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            if (_filled == ChunkBytes)
                await FlushChunkAsync(cancellationToken);
            buffer = buffer[Take(buffer.Span)..];
        }
    }

    /// <summary>Writes what is left and returns the blob: its size and hash are final, and a row of its owner may now point at it.</summary>
    public async Task<BlobRow> CompleteAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await FlushChunkAsync(cancellationToken);
        var (bytes, sha256) = (_blob.Bytes, Convert.ToHexStringLower(_hash.GetHashAndReset()));
        await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
        await context.Blobs.Where(row => row.Id == _blob.Id).ExecuteUpdateAsync(
            set => set.SetProperty(row => row.Bytes, bytes).SetProperty(row => row.Sha256, sha256), cancellationToken);
        _blob.Sha256 = sha256;
        _completed = true;
        await _owner.DeleteLeftAsync();
        return _blob;
    }

    private int Take(ReadOnlySpan<byte> source)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var count = Math.Min(source.Length, ChunkBytes - _filled);
        source[..count].CopyTo(_buffer.AsSpan(_filled));
        _filled += count;
        return count;
    }

    private async Task FlushChunkAsync(CancellationToken cancellationToken)
    {
        if (_filled == 0 && _started)
            return;
        // A context is done with the buffer once the chunk is saved, so one buffer serves the whole blob.
        var data = _filled == _buffer.Length ? _buffer : _buffer.AsSpan(0, _filled).ToArray();
        await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
        if (!_started)
            context.Add(_blob);
        if (_filled > 0)
            context.Add(new BlobChunkRow { BlobId = _blob.Id, Index = _chunks, Data = data, Sha256 = Convert.ToHexStringLower(SHA256.HashData(data)) });
        _started = true;
        await context.SaveChangesAsync(cancellationToken);
        _hash.AppendData(data);
        _blob.Bytes += _filled;
        _chunks += _filled > 0 ? 1 : 0;
        _filled = 0;
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (!_disposed && _started && !_completed) await _owner.GiveUpAsync(_blob.Id);
        Release();
        await base.DisposeAsync();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed && _started && !_completed) _owner.GiveUpAsync(_blob.Id).GetAwaiter().GetResult();
        Release();
        base.Dispose(disposing);
    }

    private void Release()
    {
        if (_disposed) return;
        _disposed = true;
        _hash.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => _blob.Bytes + _filled; set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Does nothing: chunks are written when full and by <see cref="CompleteAsync"/>.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
