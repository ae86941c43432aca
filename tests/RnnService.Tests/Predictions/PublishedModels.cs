using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Rnn.Models;
using Rnn.Tensors;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.Tests.Predictions;

/// <summary>Publishes models that no job trained, as a worker would.</summary>
internal sealed class PublishedModels(RunningService service)
{
    /// <summary>Makes a model the next version of a name, and returns the name.</summary>
    public async Task<string> PublishAsync(string name, LearningTask task, TrainedModel model)
    {
        await using var writer = service.App.Services.GetRequiredService<Blobs>().Create(BlobKind.Weights);
        model.Save(writer, new Dictionary<string, string>());
        var blob = await writer.CompleteAsync(TestContext.Current.CancellationToken);
        var receipt = new ModelReceipt("none", JsonElement.Parse("{}"), 1, "test", "test", SafeTensors.Sha256(model.Tensors));
        await using (var context = service.Context())
            ModelRegistry.AddVersion(context, new NewVersion(name, task, "job_none", blob.Id, "{}", "{}", receipt), DateTime.UtcNow);
        service.App.Services.GetRequiredService<ModelRegistry>().Forget();
        return name;
    }
}
