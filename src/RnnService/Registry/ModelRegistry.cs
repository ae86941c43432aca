using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Rnn.Kernels;
using Rnn.Models;
using RnnService.Storage;

namespace RnnService.Registry;

/// <summary>A version that a reference stands for.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Version">Its number.</param>
/// <param name="Task">What it was trained for.</param>
/// <param name="BlobId">Its weights.</param>
internal sealed record ResolvedModel(string Model, int Version, LearningTask Task, string BlobId);

/// <summary>
/// Finds and loads models by reference. What references stand for is remembered, so a prediction asks no database;
/// every write to the registry forgets it, in this process at once and in others when they hear of it (<see cref="RegistryNews"/>).
/// </summary>
internal sealed class ModelRegistry
{
    // References are client input: a bound keeps made-up ones from filling the memory.
    private const int MostRemembered = 10_000;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly IDbContextFactory<RnnDbContext> _contexts;
    private readonly ModelCache _cache;
    private readonly RnnServiceOptions _options;
    private readonly Lock _gate = new();
    private Dictionary<string, ResolvedModel> _resolved = new(StringComparer.Ordinal);
    private long _generation;

    public ModelRegistry(IDbContextFactory<RnnDbContext> contexts, Blobs blobs, ModelCacheSize cacheSize, RnnServiceOptions options, ILogger<ModelRegistry> log)
    {
        _contexts = contexts;
        _options = options;
        _cache = new ModelCache(async model =>
        {
            await using var stream = await blobs.OpenAsync(model.BlobId, $"the weights of {model.Model}:{model.Version}", CancellationToken.None);
            var loaded = TrainedModel.Load(stream, options.Precision);
            if (loaded.PrecisionLoss is { } loss) RegistryLog.Rounded(log, model.Model, model.Version, options.PrecisionName, loss.LargestDifference, loss.SameTop, loss.Answers);
            return loaded;
        }, cacheSize.Bytes);
    }

    /// <summary>How a version's weights are kept here while it answers; null for as they were trained.</summary>
    public ModelPrecision? PrecisionOf(string blobId)
    {
        if (_options.Precision == WeightPrecision.Fp32) return null;
        var loss = _cache.Find(blobId)?.PrecisionLoss;
        return new(_options.PrecisionName, loss?.LargestDifference, loss?.SameTop, loss?.Answers);
    }

    /// <summary>The version a reference stands for, or null when there is none.</summary>
    public ValueTask<ResolvedModel?> ResolveAsync(string reference, CancellationToken cancellationToken)
    {
        lock (_gate)
            if (_resolved.TryGetValue(reference, out var known)) return new(known);
        return new(FindAsync(reference, cancellationToken));
    }

    /// <summary>The model in memory, loaded if it is not there.</summary>
    /// <exception cref="CorruptBlobException">The weights were deleted meanwhile or are damaged.</exception>
    public Task<LoadedModel> LoadAsync(ResolvedModel model) => _cache.GetAsync(model);

    /// <summary>Forgets what references stand for, after a write to the registry.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _generation++;
            _resolved = new(StringComparer.Ordinal);
        }
    }

    /// <summary>Forgets references and a deleted version's weights.</summary>
    public void Forget(string blobId)
    {
        Forget();
        _cache.Remove(blobId);
    }

    /// <summary>Adds a version, and its model if it is new, to the caller's transaction; saved but not committed.</summary>
    /// <returns>The version's number: one more than the highest the model ever gave to a job that is still known.</returns>
    public static int AddVersion(RnnDbContext context, NewVersion version, DateTime now)
    {
        context.LockAsync(version.Model, CancellationToken.None).GetAwaiter().GetResult();
        if (!context.Models.Any(row => row.Name == version.Model))
            context.Models.Add(new ModelRow { Name = version.Model, Task = version.Task, CreatedAt = now });
        var published = context.ModelVersions.Where(row => row.Model == version.Model).Max(row => (int?)row.Version) ?? 0;
        var given = context.TrainingJobs.Where(row => row.Model == version.Model).Max(row => row.ResultVersion) ?? 0;
        var number = Math.Max(published, given) + 1;
        context.ModelVersions.Add(new ModelVersionRow
        {
            Model = version.Model,
            Version = number,
            JobId = version.JobId,
            BlobId = version.BlobId,
            SpecJson = version.SpecJson,
            MetricsJson = version.MetricsJson,
            ReceiptJson = JsonSerializer.Serialize(version.Receipt, Json),
            WeightsSha256 = version.Receipt.WeightsSha256,
            CreatedAt = now,
        });
        context.SaveChanges();
        return number;
    }

    /// <summary>The receipt of a stored version.</summary>
    public static ModelReceipt Receipt(ModelVersionRow row) => JsonSerializer.Deserialize<ModelReceipt>(row.ReceiptJson, Json)!;

    private async Task<ResolvedModel?> FindAsync(string text, CancellationToken cancellationToken)
    {
        if (ModelReference.Parse(text) is not { } reference) return null;
        long generation;
        lock (_gate) generation = _generation;
        await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
        var number = reference.Version ?? await context.ModelAliases
            .Where(row => row.Model == reference.Name && row.Alias == (reference.Alias ?? ModelReference.Production))
            .Select(row => (int?)row.Version).FirstOrDefaultAsync(cancellationToken);
        if (number is null && reference.Alias is not null) return null;
        var found = await context.ModelVersions
            .Where(row => row.Model == reference.Name && (number == null || row.Version == number))
            .OrderByDescending(row => row.Version)
            .Join(context.Models, row => row.Model, model => model.Name, (row, model) => new ResolvedModel(row.Model, row.Version, model.Task, row.BlobId))
            .FirstOrDefaultAsync(cancellationToken);
        if (found is null) return null;
        lock (_gate)
        {
            // A write in between would have made this answer stale: then it serves this request only.
            if (generation == _generation && _resolved.Count < MostRemembered) _resolved[text] = found;
        }

        return found;
    }
}

/// <summary>How much memory models may take.</summary>
/// <param name="Bytes">Most bytes of weights held.</param>
internal sealed record ModelCacheSize(long Bytes);
