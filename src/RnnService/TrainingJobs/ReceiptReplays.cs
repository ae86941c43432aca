using Microsoft.EntityFrameworkCore;
using Rnn.Models;
using Rnn.Tensors;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>What a worker needs to replay a receipt and to say what came out. Synchronous, for threads of the worker's own.</summary>
internal sealed class ReceiptReplays(IDbContextFactory<RnnDbContext> contexts, Blobs blobs)
{
    /// <summary>The receipt that a job replays; null for a job that trains a new version.</summary>
    /// <exception cref="InvalidOperationException">The version was deleted meanwhile.</exception>
    public ModelReceipt? Receipt(TrainingJobRow job) => job.VerifiesVersion is null ? null : ModelRegistry.Receipt(Version(job));

    /// <summary>Why no replay on this machine would tell anything; null where it does.</summary>
    public static JobVerification? Incomparable(ModelReceipt receipt, TrainingSpec spec)
    {
        JobVerification because(string reason) => new(null, receipt.WeightsSha256, null, null, $"The weights cannot be compared: {reason}");
        if (receipt.EngineVersion != EngineIdentity.Version)
            return because($"they were trained by version {receipt.EngineVersion} of the engine, this is {EngineIdentity.Version}.");
        if (receipt.InstructionSet != EngineIdentity.InstructionSet)
            return because($"they were trained with the instruction set {receipt.InstructionSet}, this machine's is {EngineIdentity.InstructionSet}.");
        return spec.Training.MaxMinutes is not null && receipt.Steps is null ? because("time ended the training (training.max_minutes), and the receipt does not say after how many updates.") : null;
    }

    /// <summary>The verdict on a replay that ended in <paramref name="replayed"/>.</summary>
    public JobVerification Compare(TrainingJobRow job, ModelReceipt receipt, TrainedModel replayed)
    {
        var (stored, damage) = StoredSha256(Version(job).BlobId, $"the weights of {job.Model}:{job.VerifiesVersion}");
        var again = SafeTensors.Sha256(replayed.Tensors);
        var (isReplayed, isStored) = (again == receipt.WeightsSha256, stored == receipt.WeightsSha256);
        var detail = (isReplayed, isStored) switch
        {
            (true, true) => "The replay's weights are bit-identical to those of the receipt and to those stored.",
            (true, false) => $"The replay's weights are bit-identical to those of the receipt, but those stored are not{damage}.",
            (false, true) => "The replay's weights differ from those of the receipt, which are those stored.",
            (false, false) => $"The replay's weights differ from those of the receipt, and those stored do too{damage}.",
        };
        return new JobVerification(isReplayed && isStored, receipt.WeightsSha256, stored, again, detail);
    }

    private ModelVersionRow Version(TrainingJobRow job)
    {
        using var context = contexts.CreateDbContext();
        return context.ModelVersions.AsNoTracking().FirstOrDefault(row => row.Model == job.Model && row.Version == job.VerifiesVersion)
            ?? throw new InvalidOperationException($"The version {job.Model}:{job.VerifiesVersion} was deleted.");
    }

    private (string? Sha256, string Damage) StoredSha256(string blobId, string what)
    {
        try
        {
            using var stream = blobs.OpenAsync(blobId, what, CancellationToken.None).GetAwaiter().GetResult();
            return (SafeTensors.Sha256(SafeTensors.Read(stream).Tensors.Values), "");
        }
        catch (Exception error) when (error is CorruptBlobException or InvalidDataException)
        {
            return (null, $": they cannot be read ({error.Message.TrimEnd('.')})");
        }
    }
}
