using RnnService.Storage;

namespace RnnService.Registry;

/// <summary>A version about to be published; its number follows from the model's others.</summary>
/// <param name="Model">Name of the model, made if it is new.</param>
/// <param name="Task">What it was trained for.</param>
/// <param name="JobId">The job that made it.</param>
/// <param name="BlobId">The stored weights.</param>
/// <param name="SpecJson">The resolved spec.</param>
/// <param name="MetricsJson">Final metrics per split.</param>
/// <param name="Receipt">What the weights follow from.</param>
internal sealed record NewVersion(string Model, LearningTask Task, string JobId, string BlobId, string SpecJson, string MetricsJson, ModelReceipt Receipt);
