using Rnn.Models;

namespace RnnService.Registry;

/// <summary>
/// Models in memory, the least recently used dropped when their weights exceed a budget of bytes.
/// Requests that want the same absent model share one load. Keyed by weights blob, whose content never changes.
/// </summary>
internal sealed class ModelCache(Func<ResolvedModel, Task<TrainedModel>> load, long budgetBytes)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _recent = [];
    private long _bytes;

    /// <summary>Bytes of the models held now.</summary>
    public long Bytes { get { lock (_gate) return _bytes; } }

    /// <summary>A version's model: at once if it is here, else after loading it.</summary>
    public Task<LoadedModel> GetAsync(ResolvedModel model)
    {
        var blobId = model.BlobId;
        Entry entry;
        lock (_gate)
        {
            var isHere = _entries.TryGetValue(blobId, out var node);
            Telemetry.CacheRequests.Add(1, new KeyValuePair<string, object?>("result", isHere ? "hit" : "miss"));
            if (node is not null)
            {
                _recent.Remove(node);
                _recent.AddFirst(node);
                return node.Value.Loading.Task;
            }

            entry = new Entry(blobId);
            _entries[blobId] = _recent.AddFirst(entry);
        }

        return LoadAsync(entry, model);
    }

    /// <summary>A version's model if it is here; not counted as a use.</summary>
    public TrainedModel? Find(string blobId)
    {
        lock (_gate)
            return _entries.TryGetValue(blobId, out var node) && node.Value.Loading.Task is { IsCompletedSuccessfully: true, Result: var loaded } ? loaded.Model : null;
    }

    /// <summary>Forgets a model that was deleted.</summary>
    public void Remove(string blobId)
    {
        lock (_gate)
            if (_entries.TryGetValue(blobId, out var node)) Drop(node);
    }

    private async Task<LoadedModel> LoadAsync(Entry entry, ResolvedModel resolved)
    {
        try
        {
            var model = new LoadedModel(await load(resolved));
            lock (_gate)
            {
                entry.Bytes = model.Model.SizeInBytes;
                // Dropped while it loaded: serve those who wait for it, but do not count it.
                if (_entries.TryGetValue(entry.BlobId, out var node) && node.Value == entry)
                {
                    _bytes += entry.Bytes;
                    while (_bytes > budgetBytes && _recent.Last is { } oldest && oldest.Value != entry) Drop(oldest);
                }
            }

            entry.Loading.SetResult(model);
        }
        catch (Exception error)
        {
            // A failed load is not remembered: the next request tries again.
            lock (_gate)
                if (_entries.TryGetValue(entry.BlobId, out var node) && node.Value == entry) Drop(node);
            entry.Loading.SetException(error);
        }

        return await entry.Loading.Task;
    }

    private void Drop(LinkedListNode<Entry> node)
    {
        _entries.Remove(node.Value.BlobId);
        _recent.Remove(node);
        _bytes -= node.Value.Bytes;
    }

    private sealed class Entry(string blobId)
    {
        public string BlobId => blobId;
        public long Bytes { get; set; }
        public TaskCompletionSource<LoadedModel> Loading { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
