using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RnnService.Storage;

namespace RnnService.Tests.Storage;

/// <summary>Large values survive, are checked when read, and leave nothing when given up.</summary>
public sealed class BlobTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Blobs Blobs => fixture.Service.App.Services.GetRequiredService<Blobs>();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(BlobWriter.ChunkBytes, 1)]
    [InlineData(BlobWriter.ChunkBytes + 1, 2)]
    [InlineData(5 * BlobWriter.ChunkBytes / 2, 3)]
    public async Task What_is_written_is_read(int size, int chunks)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        var blob = await WriteAsync(bytes);
        Assert.Equal(size, blob.Bytes);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), blob.Sha256);
        await using (var context = fixture.Service.Context())
            Assert.Equal(chunks, await context.BlobChunks.CountAsync(chunk => chunk.BlobId == blob.Id, Cancellation));
        await using var reader = await Blobs.OpenAsync(blob.Id, "the test's blob", Cancellation);
        using var read = new MemoryStream();
        // The synchronous way is what a worker's thread takes.
        reader.CopyTo(read, 12345);
        Assert.Equal(bytes, read.ToArray());
    }

    [Fact]
    public async Task A_flipped_bit_is_noticed()
    {
        var blob = await WriteAsync(new byte[BlobWriter.ChunkBytes + 10]);
        await using (var context = fixture.Service.Context())
        {
            var damaged = new byte[10];
            damaged[3] = 1;
            await context.BlobChunks.Where(chunk => chunk.BlobId == blob.Id && chunk.Index == 1)
                .ExecuteUpdateAsync(set => set.SetProperty(chunk => chunk.Data, damaged), Cancellation);
        }
        var corrupt = await Assert.ThrowsAsync<CorruptBlobException>(() => ReadAsync(blob.Id));
        Assert.Contains($"Chunk 1 of blob {blob.Id}", corrupt.Message);
    }

    [Fact]
    public async Task A_missing_chunk_is_noticed()
    {
        var blob = await WriteAsync(new byte[2 * BlobWriter.ChunkBytes]);
        await using (var context = fixture.Service.Context())
            await context.BlobChunks.Where(chunk => chunk.BlobId == blob.Id && chunk.Index == 1).ExecuteDeleteAsync(Cancellation);
        await Assert.ThrowsAsync<CorruptBlobException>(() => ReadAsync(blob.Id));
        await Assert.ThrowsAsync<CorruptBlobException>(() => ReadAsync("blob_none"));
    }

    /// <summary>Chunks that are good each, but fewer or more than were written.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(BlobWriter.ChunkBytes)]
    [InlineData(2 * BlobWriter.ChunkBytes - 1)]
    [InlineData(2 * BlobWriter.ChunkBytes + 1)]
    public async Task A_wrong_size_is_noticed(long bytes)
    {
        var blob = await WriteAsync(new byte[2 * BlobWriter.ChunkBytes]);
        await using (var context = fixture.Service.Context())
            await context.Blobs.Where(row => row.Id == blob.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.Bytes, bytes), Cancellation);
        await Assert.ThrowsAsync<CorruptBlobException>(() => ReadAsync(blob.Id));
    }

    [Fact]
    public async Task A_blob_that_is_given_up_is_deleted()
    {
        string id;
        await using (var writer = Blobs.Create(BlobKind.Checkpoint))
        {
            id = writer.BlobId;
            await writer.WriteAsync(new byte[2 * BlobWriter.ChunkBytes], Cancellation);
            await using var during = fixture.Service.Context();
            Assert.True(await during.Blobs.AnyAsync(blob => blob.Id == id, Cancellation));
            await Assert.ThrowsAsync<CorruptBlobException>(() => ReadAsync(id));
        }
        await using var after = fixture.Service.Context();
        Assert.False(await after.Blobs.AnyAsync(blob => blob.Id == id, Cancellation));
        Assert.False(await after.BlobChunks.AnyAsync(chunk => chunk.BlobId == id, Cancellation));
    }

    private async Task<BlobRow> WriteAsync(byte[] bytes)
    {
        await using var writer = Blobs.Create(BlobKind.Weights);
        // Pieces that do not fit the chunks.
        for (var at = 0; at < bytes.Length; at += 700_001)
            await writer.WriteAsync(bytes.AsMemory(at, Math.Min(700_001, bytes.Length - at)), Cancellation);
        return await writer.CompleteAsync(Cancellation);
    }

    private async Task ReadAsync(string id)
    {
        await using var reader = await Blobs.OpenAsync(id, $"blob {id}", Cancellation);
        await reader.CopyToAsync(Stream.Null, Cancellation);
    }
}
