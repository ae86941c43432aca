using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>Turns the receipt of a published version into a job that replays it, or refuses it with the reason.</summary>
internal sealed class VerificationSubmission(IDbContextFactory<RnnDbContext> contexts, ModelRegistry registry, JobSubmission submission, TimeProvider time)
{
    /// <summary>Finds what the receipt names, stores the job and hands it to a worker.</summary>
    /// <exception cref="ProblemException">There is no such version, or it cannot be replayed.</exception>
    public async Task<Accepted<TrainingJobResponse>> SubmitAsync(string model, int version, HttpContext http)
    {
        var cancellationToken = http.RequestAborted;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await context.ModelVersions.AsNoTracking().FirstOrDefaultAsync(row => row.Model == model && row.Version == version, cancellationToken)
            ?? throw new ProblemException(Problems.NotFound("version", $"{Names.Shorten(model)}:{version}", "GET /api/v1/models lists the models and their versions."));
        var task = await context.Models.Where(row => row.Name == model).Select(row => row.Task).FirstAsync(cancellationToken);
        var receipt = ModelRegistry.Receipt(found);
        var spec = Spec(found, receipt);
        var training = await FindAsync(context, "training", spec.Dataset, receipt.DatasetSha256, task, cancellationToken);
        var validation = spec.ValidationDataset is null ? null : await FindAsync(context, "validation", spec.ValidationDataset, receipt.ValidationSha256, task, cancellationToken);
        if (spec.InitFrom is not null && await registry.ResolveAsync(spec.InitFrom, cancellationToken) is null)
            throw new ProblemException(Problems.Conflict($"The version {spec.InitFrom} that {model}:{version} was trained from was deleted.", "Without it the training cannot be replayed."));
        var now = time.GetUtcNow();
        return await submission.StoreAsync(new TrainingJobRow
        {
            Id = Ids.New("job", now),
            Status = JobStatus.Queued,
            Model = model,
            VerifiesVersion = version,
            DatasetId = training.Id,
            ValidationDatasetId = validation?.Id,
            SpecJson = JsonSerializer.Serialize(spec, JsonConventions.Stored),
            WarningsJson = "[]",
            TraceParent = Activity.Current?.Id,
            CreatedAt = now.UtcDateTime,
        }, [], http);
    }

    private static TrainingSpec Spec(ModelVersionRow version, ModelReceipt receipt)
    {
        try
        {
            // The seed stands in the receipt by itself too.
            var spec = receipt.Spec.Deserialize<TrainingSpec>(JsonConventions.Stored) ?? throw new JsonException("null");
            return spec with { Training = spec.Training with { Seed = receipt.Seed } };
        }
        catch (JsonException)
        {
            throw new ProblemException(Problems.Conflict($"The receipt of {version.Model}:{version.Version} has no spec that this version of the service can replay.", "Only versions that a training job published can be verified."));
        }
    }

    /// <summary>The dataset with this content, whatever its name is by now; by its name where the receipt has no hash.</summary>
    private static async Task<DatasetRow> FindAsync(RnnDbContext context, string role, string name, string? sha256, LearningTask task, CancellationToken cancellationToken)
    {
        var named = await context.Datasets.AsNoTracking().FirstOrDefaultAsync(row => row.Name == name, cancellationToken);
        if (named is not null && named.Task == task && (sha256 is null || named.Sha256 == sha256)) return named;
        if (sha256 is not null && await context.Datasets.AsNoTracking().FirstOrDefaultAsync(row => row.Sha256 == sha256 && row.Task == task, cancellationToken) is { } same) return same;
        throw new ProblemException(Problems.Conflict(
            named is null ? $"The {role} dataset '{name}' was deleted." : $"The {role} dataset '{name}' has another content than the receipt names: its SHA-256 is {named.Sha256}, the receipt's {sha256}.",
            "Upload the same file again, under any name, and verify again."));
    }
}
