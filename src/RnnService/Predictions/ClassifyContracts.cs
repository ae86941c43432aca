using System.Numerics.Tensors;
using System.Text.Json;
using System.Text.Json.Serialization;
using Rnn.Models;

namespace RnnService.Predictions;

/// <summary>What to classify, as it is sent.</summary>
internal sealed record ClassifyRequest
{
    /// <summary>Strings, arrays of tokens, arrays of frames or feature vectors, as the model has it.</summary>
    public required IReadOnlyList<JsonElement> Inputs { get; init; }

    /// <summary>Whether each prediction says what it rests on; at most 512 tokens, frames or features in all, because the work grows with the square of a sequence's length.</summary>
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
    /// <summary>
    /// With <c>explain</c>: what each token, frame or feature adds to the log-probability of <c>label</c>. It is <c>ln p(label | all) - ln p(label | all without it)</c> in nats: positive
    /// where it speaks for the label, negative where it speaks against. Without it means: a token is replaced by the unknown one, a frame or feature by its mean
    /// in the training set (by 0 where the model does not scale).
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Attribution>? Attributions { get; init; }

    /// <summary>With <c>explain</c>: the verdict on the first 1, 2, … tokens or frames; the last is the prediction itself. Absent for feature vectors.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<RunningVerdict>? Running { get; init; }

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

    /// <summary>The verdict and what it rests on.</summary>
    /// <param name="labels">The model's labels.</param>
    /// <param name="explanation">By the engine.</param>
    /// <param name="tokens">What was read, where it was tokens.</param>
    public static Prediction Of(IReadOnlyList<string> labels, Explanation explanation, IReadOnlyList<string>? tokens)
    {
        var isVector = explanation.Running.Count == 0;
        Attribution attribution(float nats, int i) => new(nats) { Token = tokens?[i], Frame = tokens is null && !isVector ? i : null, Feature = isVector ? i : null };
        RunningVerdict verdict(float[] probabilities, int t)
        {
            var best = TensorPrimitives.IndexOfMax<float>(probabilities);
            return new RunningVerdict(labels[best], probabilities[best]) { Token = tokens?[t], Frame = tokens is null ? t : null };
        }

        return Of(labels, explanation.Probabilities) with
        {
            Attributions = [.. explanation.Attributions.Select(attribution)],
            Running = isVector ? null : [.. explanation.Running.Select(verdict)],
        };
    }
}

/// <summary>What a part of the input adds to the verdict.</summary>
/// <param name="Nats">In nats.</param>
internal sealed record Attribution([property: JsonPropertyName("attribution")] float Nats)
{
    /// <summary>The token, as the model reads it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Token { get; init; }

    /// <summary>The frame's place, from 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Frame { get; init; }

    /// <summary>The feature's place, from 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Feature { get; init; }
}

/// <summary>The verdict after a step.</summary>
/// <param name="Label">The most probable label.</param>
/// <param name="Score">Its probability.</param>
internal sealed record RunningVerdict(string Label, float Score)
{
    /// <summary>The token just read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Token { get; init; }

    /// <summary>The place of the frame just read, from 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Frame { get; init; }
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

    /// <summary>What an argument's exception says, without the name of our parameter.</summary>
    public static string SentenceOf(ArgumentException wrong) =>
        wrong.ParamName is null ? wrong.Message : wrong.Message.Replace($" (Parameter '{wrong.ParamName}')", "", StringComparison.Ordinal);
}

/// <summary>Serialisers made at compile time, for the one answer that must be fast.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ClassifyResponse))]
internal sealed partial class ClassifyJson : JsonSerializerContext;
