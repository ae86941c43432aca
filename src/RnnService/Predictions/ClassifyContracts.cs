using System.Text.Json;
using System.Text.Json.Serialization;

namespace RnnService.Predictions;

/// <summary>What to classify, as it is sent.</summary>
internal sealed record ClassifyRequest
{
    /// <summary>Strings, arrays of tokens or arrays of frames, as the model has it.</summary>
    public required IReadOnlyList<JsonElement> Inputs { get; init; }

    /// <summary>Not available yet: <c>true</c> is answered with 422.</summary>
    public bool Explain { get; init; }
}

/// <summary>What to classify, as it was read.</summary>
/// <param name="Items">The inputs in order.</param>
/// <param name="Explain">Whether the client asked for an explanation.</param>
internal sealed record ClassifyInputs(IReadOnlyList<PredictionInput> Items, bool Explain);

/// <summary>Predictions in the order of the inputs.</summary>
/// <param name="Model">Name of the model that answered.</param>
/// <param name="Version">Its version.</param>
/// <param name="Predictions">One per input.</param>
internal sealed record ClassifyResponse(string Model, int Version, IReadOnlyList<Prediction> Predictions);

/// <summary>The verdict on one input.</summary>
/// <param name="Label">The most probable label.</param>
/// <param name="Score">Its probability, 0 to 1.</param>
/// <param name="Scores">The probability of every label; they sum to 1.</param>
internal sealed record Prediction(string Label, float Score, IReadOnlyDictionary<string, float> Scores)
{
    /// <summary>The verdict that probabilities in the order of the labels mean.</summary>
    public static Prediction Of(IReadOnlyList<string> labels, float[] probabilities)
    {
        var scores = new Dictionary<string, float>(labels.Count);
        var best = 0;
        for (var i = 0; i < probabilities.Length; i++)
        {
            scores[labels[i]] = probabilities[i];
            if (probabilities[i] > probabilities[best]) best = i;
        }

        return new Prediction(labels[best], probabilities[best], scores);
    }
}

/// <summary>How large a request may be.</summary>
/// <param name="InputsPerRequest">Most inputs.</param>
/// <param name="StepsPerInput">Most tokens or frames of one input.</param>
internal sealed record PredictionLimits(int InputsPerRequest, int StepsPerInput);

/// <summary>What is wrong with a request for predictions.</summary>
/// <param name="IsMalformed">True: 400, not of the right form. False: 422, understood but invalid.</param>
/// <param name="Pointer">RFC 6901 pointer.</param>
/// <param name="Detail">What is wrong.</param>
/// <param name="Hint">What to send instead.</param>
internal sealed record InputError(bool IsMalformed, string Pointer, string Detail, string Hint)
{
    /// <summary>Of the wrong form: 400.</summary>
    public static InputError Malformed(string pointer, string detail, string hint) => new(true, pointer, detail, hint);

    /// <summary>Understood but invalid: 422.</summary>
    public static InputError Invalid(string pointer, string detail, string hint) => new(false, pointer, detail, hint);
}

/// <summary>Serialisers made at compile time, for the one answer that must be fast.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ClassifyResponse))]
internal sealed partial class ClassifyJson : JsonSerializerContext;
