using System.Text.Json;
using System.Text.Json.Serialization;
using RnnService.Storage;

namespace RnnService.Registry;

/// <summary>A named model with all its versions.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Task">What it was trained for.</param>
/// <param name="Aliases">Names that point at a version.</param>
/// <param name="Versions">All versions, newest first.</param>
/// <param name="CreatedAt">When its first version was published.</param>
internal sealed record ModelResponse(string Name, LearningTask Task, IReadOnlyDictionary<string, int> Aliases, IReadOnlyList<ModelVersionSummary> Versions, DateTime CreatedAt);

/// <summary>A version in a list.</summary>
/// <param name="Version">Its number, from 1.</param>
/// <param name="CreatedAt">When it was published.</param>
/// <param name="Metrics">Final metrics per split.</param>
/// <param name="Job">The job that made it.</param>
internal sealed record ModelVersionSummary(int Version, DateTime CreatedAt, JsonElement Metrics, string Job);

/// <summary>A version with all that is known about it.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Version">Its number, from 1.</param>
/// <param name="Task">What it was trained for.</param>
/// <param name="Aliases">Aliases that point at it.</param>
/// <param name="Bytes">Size of its weights file.</param>
/// <param name="CreatedAt">When it was published.</param>
/// <param name="Metrics">Final metrics per split.</param>
/// <param name="Job">The job that made it.</param>
/// <param name="Spec">The whole resolved spec.</param>
/// <param name="Receipt">What its weights follow from.</param>
/// <param name="Precision">Where the service keeps weights in less than fp32: how, and what that changes. Absent else.</param>
internal sealed record ModelVersionResponse(
    string Model, int Version, LearningTask Task, IReadOnlyList<string> Aliases, long Bytes, DateTime CreatedAt, JsonElement Metrics, string Job, JsonElement Spec, ModelReceipt Receipt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ModelPrecision? Precision = null);

/// <summary>How the weights of a version are kept while it answers, and what that changes in its answers: measured when it is loaded, so there are no figures before its first prediction.</summary>
/// <param name="Weights"><c>bf16</c>.</param>
/// <param name="LargestDifference">The largest difference of a probability from that of fp32 weights.</param>
/// <param name="SameAnswers">Share of the answers whose most probable class or token is the same.</param>
/// <param name="Answers">Answers that were compared, to inputs drawn from what the model knows.</param>
internal sealed record ModelPrecision(
    string Weights,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] float? LargestDifference,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? SameAnswers,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Answers);

/// <summary>What the weights of a version follow from; enough to make them again, bit for bit, on a machine of the same instruction set.</summary>
/// <param name="DatasetSha256">SHA-256 of the training dataset's file.</param>
/// <param name="Spec">The whole resolved spec.</param>
/// <param name="Seed">The seed.</param>
/// <param name="EngineVersion">Version of the program that trained.</param>
/// <param name="InstructionSet">Widest vector instructions used.</param>
/// <param name="WeightsSha256">SHA-256 over the tensors in name order (name, dtype, shape, bytes).</param>
/// <param name="ValidationSha256">SHA-256 of the validation dataset's file, which chose the epoch; null when rows were held out.</param>
/// <param name="Steps">Optimizer updates when it was published: where time or a client ended the training. Null where nobody counted them.</param>
internal sealed record ModelReceipt(
    string DatasetSha256, JsonElement Spec, long Seed, string EngineVersion, string InstructionSet, string WeightsSha256,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ValidationSha256 = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Steps = null);

/// <summary>Where an alias shall point.</summary>
/// <param name="Version">Number of the version.</param>
internal sealed record AliasRequest(int Version);

/// <summary>Where an alias points.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Alias">The alias.</param>
/// <param name="Version">Number of the version.</param>
internal sealed record AliasResponse(string Model, string Alias, int Version);
