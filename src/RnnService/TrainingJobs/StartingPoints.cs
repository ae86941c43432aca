using Rnn.Models;
using RnnService.Registry;

namespace RnnService.TrainingJobs;

/// <summary>Loads the versions that jobs start from.</summary>
internal sealed class StartingPoints(ModelRegistry registry)
{
    /// <summary>The version of a resolved <c>init_from</c>; null for none. Blocks its thread while it loads.</summary>
    /// <exception cref="InvalidOperationException">It was deleted meanwhile.</exception>
    public TrainedModel? Load(string? initFrom)
    {
        if (initFrom is null) return null;
        var version = registry.ResolveAsync(initFrom, CancellationToken.None).AsTask().GetAwaiter().GetResult()
            ?? throw new InvalidOperationException($"The version {initFrom} that the job starts from was deleted.");
        return registry.LoadAsync(version).GetAwaiter().GetResult().Model;
    }
}
