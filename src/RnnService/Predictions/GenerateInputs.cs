using System.Text.Json;
using Rnn.Data;
using Rnn.Decoding;
using Rnn.Models;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.Predictions;

/// <summary>What a text is written from.</summary>
/// <param name="Source">What is described or translated; null for language models.</param>
/// <param name="Tokens">Tokens of a source, for those who look at attention.</param>
/// <param name="Prompt">Tokens a language model reads first.</param>
/// <param name="From">Where an earlier text stood.</param>
internal sealed record GenerateInput(Sequence? Source, IReadOnlyList<string>? Tokens, ReadOnlyMemory<int> Prompt, GenerationState? From)
{
    /// <summary>Its place in the request.</summary>
    public int Index { get; init; }

    /// <summary>Whether there is text before the first token that is written.</summary>
    public bool Continues => !Prompt.IsEmpty || From is not null;
}

/// <summary>Reads inputs and states as a model's task has them.</summary>
/// <param name="version">The version that answers.</param>
/// <param name="model">The model itself.</param>
/// <param name="states">Opens states.</param>
/// <param name="limits">How much a request may ask for.</param>
internal sealed class GenerateInputs(ResolvedModel version, TrainedModel model, StateTokens states, Limits limits)
{
    /// <summary>The kind of the states made here.</summary>
    public const string Kind = "generate";

    // Numbers of a trace's attention weights and outputs that one answer may hold: some 20 MB of JSON.
    private const long MostTraced = 1 << 20;
    private const int TracedPerStep = 16;

    /// <summary>All inputs of a request.</summary>
    /// <exception cref="ProblemException">One cannot be read.</exception>
    public IReadOnlyList<GenerateInput> Read(GenerateRequest request, GenerateOptions options)
    {
        if (request.Inputs.Count == 0)
            throw Invalid("/inputs", "inputs is empty.", "Send at least one input.");
        if (request.Inputs.Count > limits.InputsPerRequest)
            throw new ProblemException(Problems.LimitExceeded("/inputs", $"There are {request.Inputs.Count} inputs; at most {limits.InputsPerRequest} are allowed.", "RnnService:Limits:InputsPerRequest"));
        if (request.States is { } given && version.Task != LearningTask.LanguageModeling)
            throw Invalid("/states", $"The model '{version.Model}' is for {SnakeCaseEnum<LearningTask>.Write(version.Task)}: its texts end where they end and are not gone on with.", "Leave states out.");
        if (request.States is { } counted && counted.Count != request.Inputs.Count)
            throw Invalid("/states", $"There are {counted.Count} states for {request.Inputs.Count} inputs.", "Send one state per input, or null for a text that begins.");
        GenerateInput[] inputs = [.. request.Inputs.Select((input, i) => Read(input, request.States?[i], i))];
        var traced = options.Trace ? (long)options.MaxTokens * inputs.Sum(input => TracedPerStep + (input.Tokens?.Count ?? 0)) : 0;
        return traced <= MostTraced ? inputs
            : throw Invalid("/trace", $"The trace of {options.MaxTokens} tokens for these inputs may hold {traced} numbers; at most {MostTraced} are allowed.", "Send fewer or shorter inputs, or a smaller max_tokens.");
    }

    /// <summary>The text of a JSON string.</summary>
    /// <exception cref="ProblemException">It is none, or not Unicode.</exception>
    public static string String(JsonElement element, string pointer)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Malformed(pointer, "A string is expected here.", "Send text in double quotes.");
        }
        catch (InvalidOperationException)
        {
            throw Malformed(pointer, "The string is not valid UTF-8 or holds half a surrogate pair.", "Send the body encoded as UTF-8.");
        }
    }

    private GenerateInput Read(JsonElement input, string? state, int index)
    {
        var pointer = $"/inputs/{index}";
        try
        {
            var read = input.ValueKind switch
            {
                JsonValueKind.String => OfText(String(input, pointer)),
                JsonValueKind.Array when input.GetArrayLength() == 0 => throw Invalid(pointer, "The input is empty.", Expected()),
                JsonValueKind.Array when input[0].ValueKind == JsonValueKind.String => OfTokens([.. input.EnumerateArray().Select((token, i) => String(token, $"{pointer}/{i}"))]),
                JsonValueKind.Array when input[0].ValueKind == JsonValueKind.Array => throw Invalid(pointer, "The input is an array of frames, which no model that writes reads.", Expected()),
                JsonValueKind.Array => OfVector(Vector(input, pointer)),
                _ => throw Malformed(pointer, "An input must be a string, an array of tokens or a feature vector.", Expected()),
            };
            var steps = Math.Max(read.Source?.Steps ?? 0, read.Prompt.Length);
            if (steps > limits.StepsPerInput)
                throw new ProblemException(Problems.LimitExceeded(pointer, $"The input has {steps} tokens; at most {limits.StepsPerInput} are allowed.", "RnnService:Limits:StepsPerInput"));
            return From(read with { Index = index }, state);
        }
        catch (ArgumentException wrong)
        {
            // A wrong kind, a wrong width or no token at all is the model's to say; the place of it is ours.
            var sentence = wrong.ParamName is null ? wrong.Message : wrong.Message.Replace($" (Parameter '{wrong.ParamName}')", "", StringComparison.Ordinal);
            throw Invalid(pointer, sentence, Expected());
        }
    }

    private GenerateInput From(GenerateInput read, string? token)
    {
        if (version.Task != LearningTask.LanguageModeling) return read;
        if (token is not null)
        {
            return states.Unprotect(Kind, version, token) is var (values, next)
                ? read with { From = new GenerationState(values, next) }
                : throw Invalid($"/states/{read.Index}", $"The state is not one that {version.Model}:{version.Version} made for generate, or it was changed.", "Send a state as it came from the same version, or null to begin.");
        }

        return read.Prompt.IsEmpty && model.Network is LanguageModel { Config.Begin: < 0 }
            ? throw Invalid($"/inputs/{read.Index}", $"The input is empty, and the texts of the model '{version.Model}' have no beginning of their own.", "Send a prompt of at least one token.")
            : read;
    }

    private GenerateInput OfText(string text)
    {
        var codec = model.Codec;
        if (version.Task != LearningTask.LanguageModeling)
            return new(codec.Encode(text), HasAttention ? codec.Input!.Split(text) : null, default, null);
        // White space alone is text to some tokenizers and nothing to others.
        return string.IsNullOrWhiteSpace(text) && codec.Input!.Split(text).Count == 0 ? new(null, null, default, null) : new(null, null, codec.Encode(text).Ids, null);
    }

    private GenerateInput OfTokens(string[] tokens)
    {
        var sequence = model.Codec.EncodeTokens(tokens);
        return version.Task == LearningTask.LanguageModeling ? new(null, null, sequence.Ids, null) : new(sequence, HasAttention ? tokens : null, default, null);
    }

    private GenerateInput OfVector(float[] values) => new(model.Codec.EncodeFrames([values]), null, default, null);

    private bool HasAttention => model.Network is Translator { Config.Decoder.Attention: not Rnn.Layers.AttentionKind.None };

    private static float[] Vector(JsonElement input, string pointer)
    {
        var values = new List<float>(input.GetArrayLength());
        foreach (var element in input.EnumerateArray())
        {
            var where = $"{pointer}/{values.Count}";
            if (element.ValueKind != JsonValueKind.Number)
                throw Malformed(where, "The elements of an input must be all strings (tokens) or all numbers (a feature vector).", """Send [0.1,0.2] for a vector or ["a","b"] for tokens.""");
            if (!element.TryGetSingle(out var value) || !float.IsFinite(value))
                throw Invalid(where, "The number is too large for 32-bit floating point.", "Send numbers between -3.4e38 and 3.4e38.");
            values.Add(value);
        }

        return [.. values];
    }

    private string Expected() => version.Task switch
    {
        LearningTask.Captioning => $"Send a feature vector: an array of {model.Codec.FeatureSize} numbers.",
        LearningTask.Translation => "Send the text to translate as a string, or as an array of tokens.",
        _ => "Send the beginning of the text as a string.",
    };

    private static ProblemException Invalid(string pointer, string detail, string hint) => new(Problems.InvalidField(pointer, detail, hint));

    private static ProblemException Malformed(string pointer, string detail, string hint) => new(Problems.Malformed(detail, hint, ProblemError.At(pointer, detail)));
}
