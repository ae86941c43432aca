using System.Numerics.Tensors;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RnnService.Predictions;

/// <summary>What to label, as it is sent.</summary>
internal sealed record LabelRequest
{
    /// <summary>Arrays of frames or arrays of tokens, as the model has it; or texts, which the model cuts into tokens.</summary>
    public required IReadOnlyList<JsonElement> Inputs { get; init; }

    /// <summary>One per input: the <c>state</c> of an earlier answer, whose sequence the input continues, or null where one begins. Not for bidirectional models.</summary>
    public IReadOnlyList<string?>? States { get; init; }
}

/// <summary>What to label, as it was read.</summary>
/// <param name="Items">The inputs in order.</param>
/// <param name="States">One per input, or null where none were sent.</param>
internal sealed record LabelInputs(IReadOnlyList<PredictionInput> Items, IReadOnlyList<string?>? States);

/// <summary>Labels in the order of the inputs.</summary>
/// <param name="Model">Name of the model that answered.</param>
/// <param name="Version">Its version.</param>
/// <param name="Predictions">One per input.</param>
internal sealed record LabelResponse(string Model, int Version, IReadOnlyList<Labeling> Predictions);

/// <summary>The labels of one sequence.</summary>
/// <param name="Labels">The most probable label of each step.</param>
/// <param name="Scores">Its probability, 0 to 1.</param>
internal sealed record Labeling(IReadOnlyList<string> Labels, IReadOnlyList<float> Scores)
{
    /// <summary>
    /// Where the sequence stands: sent in <c>states</c>, the next input goes on from here, on any replica and as often as wanted. An opaque token of this model's version.
    /// Absent for bidirectional models, which have to see the end first.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? State { get; init; }

    /// <summary>The tokens that the labels belong to, where the input was a text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Tokens { get; init; }

    /// <summary>The labels that probabilities <c>[steps, labels]</c> mean; null where they are not numbers.</summary>
    public static Labeling? Of(IReadOnlyList<string> labels, ReadOnlySpan<float> probabilities)
    {
        var steps = probabilities.Length / labels.Count;
        var (chosen, scores) = (new string[steps], new float[steps]);
        for (var t = 0; t < steps; t++)
        {
            var step = probabilities.Slice(t * labels.Count, labels.Count);
            var best = TensorPrimitives.IndexOfMax(step);
            if (!float.IsFinite(step[best])) return null;
            (chosen[t], scores[t]) = (labels[best], step[best]);
        }

        return new Labeling(chosen, scores);
    }
}

/// <summary>Serialisers made at compile time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LabelResponse))]
internal sealed partial class LabelJson : JsonSerializerContext;
