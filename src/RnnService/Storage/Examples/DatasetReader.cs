namespace RnnService.Storage.Examples;

/// <summary>Reads the examples of stored datasets again, in the order of the file.</summary>
internal sealed class DatasetReader(Blobs blobs)
{
    /// <summary>
    /// The examples, one by one as the stored chunks are read: no more than a chunk and a row are in memory. Blocks its thread while it reads,
    /// so it is for a worker's own threads.
    /// </summary>
    /// <exception cref="CorruptBlobException">The stored bytes are damaged.</exception>
    public IEnumerable<DatasetExample> Read(DatasetRow dataset, CancellationToken cancellationToken) =>
        ReadAsync(dataset, cancellationToken).ToBlockingEnumerable(cancellationToken);

    /// <summary>The same without blocking.</summary>
    /// <exception cref="CorruptBlobException">The stored bytes are damaged.</exception>
    public async IAsyncEnumerable<DatasetExample> ReadAsync(
        DatasetRow dataset, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var content = await blobs.OpenAsync(dataset.BlobId, $"the dataset '{dataset.Name}'", cancellationToken);
        await foreach (var row in ExampleFile.ReadAsync(content, dataset.Task, dataset.Format, maxRowBytes: null, cancellationToken))
        {
            // Every row was read before it was stored, so this is damage, not a client's mistake.
            yield return row.Example ?? throw new InvalidDataException($"Dataset {dataset.Id}, line {row.Line}: {row.Error}");
        }
    }
}
