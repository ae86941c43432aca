using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RnnService.Predictions;

/// <summary>What to write, as it is sent. Only <c>inputs</c> is required.</summary>
internal sealed record GenerateRequest
{
    /// <summary>
    /// One text is written for each: a feature vector (captioning), a string or an array of tokens to translate, the beginning of a text to go on with (language models;
    /// <c>""</c> where texts have a beginning of their own). An input gets the same answer alone and beside others.
    /// </summary>
    public required IReadOnlyList<JsonElement> Inputs { get; init; }

    /// <summary>Most tokens of a text, 1 to the setting <c>RnnService:Limits:TokensPerGeneration</c>. Default: what the training targets need, for language models 256.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Divides the logits before a token is drawn, 0 to 10; 0 always takes the most probable one (greedy). Default 1 for language models, else 0.</summary>
    public double? Temperature { get; init; }

    /// <summary>Draws among the k most probable tokens, 0 to 1,000,000; 0 means all. Without effect at temperature 0. Default 0.</summary>
    public int? TopK { get; init; }

    /// <summary>Draws among the fewest most probable tokens that together reach this probability, above 0 to 1; 1 means all. Without effect at temperature 0. Default 1.</summary>
    public double? TopP { get; init; }

    /// <summary>Makes tokens of the prompt and of the text so far less likely, 0.1 to 10 (Keskar et al. 2019); 1 does nothing, less makes them likelier. What a state was made of does not count. Default 1.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>
    /// Hypotheses followed at once, 1 to 32. 1 writes token by token; more searches for the most probable text, and never finds a worse one than greedy.
    /// Not with <c>temperature</c> above 0, <c>top_k</c>, <c>top_p</c>, <c>repetition_penalty</c>, <c>stream</c> or <c>trace</c>. Default 1.
    /// </summary>
    public int? BeamWidth { get; init; }

    /// <summary>α of <c>log_probability / ((5 + tokens) / 6)^α</c>, by which a beam orders its texts (Wu et al. 2016), 0 to 5: more favours longer texts. Only with a beam. Default 0: the most probable text.</summary>
    public double? LengthPenalty { get; init; }

    /// <summary>A string, or an array of up to 8 of 1 to 256 characters: the text ends before the first that comes up. Default none.</summary>
    public JsonElement? Stop { get; init; }

    /// <summary>Seed of the draws, 0 to 9007199254740991 (2^53 - 1: every JSON reader keeps it exactly). The same seed writes the same text again. Default: a random one, echoed.</summary>
    public long? Seed { get; init; }

    /// <summary>Texts for each input, 1 to 16: as many draws, or the best of a beam (then at most <c>beam_width</c>). Default 1.</summary>
    public int? N { get; init; }

    /// <summary>Whether to answer with server-sent events, a <c>token</c> each and <c>done</c> at the end; for one input and n = 1. Default false.</summary>
    public bool? Stream { get; init; }

    /// <summary>Whether to tell of each step what was fed in, what came out and how the state stood; for n = 1 and no beam. Default false.</summary>
    public bool? Trace { get; init; }

    /// <summary>For language models: one per input, where its text goes on; <c>null</c> begins one. From an earlier answer's <c>state</c>, which stays as it is and may be used again. Default none.</summary>
    public IReadOnlyList<string?>? States { get; init; }
}

/// <summary>Texts in the order of the inputs.</summary>
/// <param name="Model">Name of the model that answered.</param>
/// <param name="Version">Its version.</param>
/// <param name="Seed">What the draws followed from: sent again with the same request it gives the same texts.</param>
/// <param name="Predictions">One per input.</param>
internal sealed record GenerateResponse(string Model, int Version, long Seed, IReadOnlyList<GeneratedText> Predictions);

/// <summary>Why a text ended.</summary>
internal enum FinishReason
{
    /// <summary>The model ended it, or a stop came up.</summary>
    Stop,

    /// <summary>It had <c>max_tokens</c>.</summary>
    Length,
}

/// <summary>One text.</summary>
/// <param name="Text">What was written; of a language model the continuation without the prompt.</param>
/// <param name="FinishReason">Why it ended.</param>
/// <param name="Tokens">Tokens emitted: the one that ends the text counts, and so do those of a stop.</param>
/// <param name="LogProbability">Of all these tokens in the network's own distribution, in nats.</param>
/// <param name="State">Of language models: where the text can be gone on with, after its last token.</param>
internal sealed record GeneratedText(string Text, FinishReason FinishReason, int Tokens, double LogProbability, string? State)
{
    /// <summary>For n above 1: all texts of the input, this one first. A beam may find fewer different ones.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<GeneratedText>? Choices { get; init; }

    /// <summary>With <c>trace</c> and attention: the tokens that were read, to which the weights belong.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Source { get; init; }

    /// <summary>With <c>trace</c>: one per token.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<GenerateStep>? Steps { get; init; }
}

/// <summary>What happened in one step.</summary>
/// <param name="Fed">What the network was fed: <c>zeros</c>, <c>features</c>, <c>features+token</c> or a token; <c>&lt;begin&gt;</c> stands before the first one.</param>
/// <param name="Token">What it emitted; <c>&lt;end&gt;</c> ends the text.</param>
/// <param name="LogProbability">Of this token, in nats.</param>
/// <param name="StateNorm">Euclidean norm of the state after the step, all layers together.</param>
/// <param name="Best">The five most probable tokens in the network's own distribution.</param>
internal sealed record GenerateStep(string Fed, string Token, double LogProbability, double StateNorm, IReadOnlyList<GenerateOutput> Best)
{
    /// <summary>With attention: the weight of each token of the source.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<float>? Attention { get; init; }
}

/// <summary>A token that could come next.</summary>
/// <param name="Token">Its text.</param>
/// <param name="Probability">Its probability, 0 to 1.</param>
internal sealed record GenerateOutput(string Token, double Probability);

/// <summary>The event <c>token</c>.</summary>
/// <param name="Text">What it adds to the text; empty while it may be part of a stop.</param>
/// <param name="Token">What was emitted; <c>&lt;end&gt;</c> ends the text.</param>
/// <param name="LogProbability">Of this token, in nats.</param>
internal sealed record GenerateTokenEvent(string Text, string Token, double LogProbability)
{
    /// <summary>With <c>trace</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GenerateStep? Step { get; init; }
}

/// <summary>The event <c>done</c>, the last one: the totals.</summary>
/// <param name="Model">Name of the model that answered.</param>
/// <param name="Version">Its version.</param>
/// <param name="Seed">What the draws followed from.</param>
/// <param name="Text">All of it.</param>
/// <param name="FinishReason">Why it ended.</param>
/// <param name="Tokens">Tokens emitted.</param>
/// <param name="LogProbability">Of all tokens, in nats.</param>
/// <param name="State">Of language models: where the text can be gone on with.</param>
internal sealed record GenerateDoneEvent(string Model, int Version, long Seed, string Text, FinishReason FinishReason, int Tokens, double LogProbability, string? State)
{
    /// <summary>With <c>trace</c> and attention: the tokens that were read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Source { get; init; }
}

/// <summary>The event <c>error</c>, the last one instead of <c>done</c>: the answer had begun already.</summary>
/// <param name="Type">The problem's type.</param>
/// <param name="Title">The same short sentence for every problem of the kind.</param>
/// <param name="Status">The status it would have had.</param>
/// <param name="Detail">What happened.</param>
/// <param name="TraceId">To find it in the service's log.</param>
/// <param name="Hint">What to do instead.</param>
internal sealed record GenerateErrorEvent(string Type, string Title, int Status, string Detail, string TraceId, string? Hint);

/// <summary>Serialisers made at compile time: a stream writes one object a token.</summary>
[JsonSerializable(typeof(GenerateResponse))]
[JsonSerializable(typeof(GenerateTokenEvent))]
[JsonSerializable(typeof(GenerateDoneEvent))]
[JsonSerializable(typeof(GenerateErrorEvent))]
internal sealed partial class GenerateJson : JsonSerializerContext
{
    /// <summary>With the service's names, and text as it is rather than escaped.</summary>
    public static GenerateJson Plain { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter<FinishReason>(JsonNamingPolicy.SnakeCaseLower) },
    });
}
