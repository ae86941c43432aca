using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Rnn.Decoding;
using Rnn.Tensors;
using RnnService.Http;
using RnnService.Storage;

namespace RnnService.Predictions;

/// <summary>How to write, complete and possible: made from a request by <see cref="Of"/>.</summary>
/// <param name="MaxTokens">Most tokens of a text.</param>
/// <param name="Sampling">How tokens are chosen without a beam.</param>
/// <param name="BeamWidth">Hypotheses followed at once; 1 is no beam.</param>
/// <param name="LengthPenalty">By which a beam orders its texts.</param>
/// <param name="Stop">Strings that end a text.</param>
/// <param name="Seed">Seed of the draws.</param>
/// <param name="N">Texts for each input.</param>
/// <param name="Stream">Whether tokens are sent as they come.</param>
/// <param name="Trace">Whether each step is told.</param>
internal sealed record GenerateOptions(
    int MaxTokens, SamplingConfig Sampling, int BeamWidth, double LengthPenalty, IReadOnlyList<string> Stop, long Seed, int N, bool Stream, bool Trace)
{
    private const int MostTexts = 16;
    private const int WidestBeam = 32;
    private const int MostStops = 8;
    private const int LongestStop = 256;
    private const long LargestSeed = (1L << 53) - 1;

    /// <summary>What a request asks for, with the defaults of its task.</summary>
    /// <param name="request">The request.</param>
    /// <param name="task">What the model was trained for.</param>
    /// <param name="maxTokens">Tokens a text of this model needs.</param>
    /// <param name="limit">Tokens a text may have.</param>
    /// <exception cref="ProblemException">An option is out of its range, or contradicts another.</exception>
    public static GenerateOptions Of(GenerateRequest request, LearningTask task, int maxTokens, int limit)
    {
        if (request.MaxTokens is int most && most > limit)
            throw new ProblemException(Problems.LimitExceeded("/max_tokens", $"max_tokens is {most}; at most {limit} are allowed.", "RnnService:Limits:TokensPerGeneration"));
        var width = Whole("beam_width", request.BeamWidth, 1, 1, WidestBeam);
        if (width > 1) CheckBeam(request);
        var options = new GenerateOptions(
            Whole("max_tokens", request.MaxTokens, Math.Min(maxTokens, limit), 1, limit),
            Sample(request, width > 1 ? 0 : task == LearningTask.LanguageModeling ? 1 : 0),
            width,
            Number("length_penalty", request.LengthPenalty, 0, 0, 5),
            Stops(request.Stop),
            Whole("seed", request.Seed, Draw(), 0, LargestSeed),
            Whole("n", request.N, 1, 1, MostTexts),
            request.Stream is true,
            request.Trace is true);
        if (width == 1 && request.LengthPenalty is not null)
            throw Invalid("length_penalty", "length_penalty orders the texts of a beam, and beam_width is 1.", "Leave length_penalty out, or send beam_width above 1.");
        options.CheckTexts(request);
        return options;
    }

    /// <summary>The seed of one of an input's texts; the first follows the given seed, so that more texts do not change it.</summary>
    public ulong SeedOf(int text) => text == 0 ? (ulong)Seed : RandomSource.Key((ulong)Seed, (ulong)text);

    private static SamplingConfig Sample(GenerateRequest request, double temperature)
    {
        if (request.TopP is <= 0 or > 1)
            throw Invalid("top_p", Text($"top_p is {request.TopP}; it must be a number above 0 and at most 1."), "Send a probability such as 0.9, or leave top_p out: the default 1 draws among all tokens.");
        return new SamplingConfig
        {
            Temperature = Number("temperature", request.Temperature, temperature, 0, 10),
            TopK = (int)Whole("top_k", request.TopK, 0, 0, 1_000_000),
            TopP = request.TopP ?? 1,
            RepetitionPenalty = Number("repetition_penalty", request.RepetitionPenalty, 1, 0.1, 10),
        };
    }

    // A beam looks for the most probable text: nothing is drawn, and none is final before the end.
    private static void CheckBeam(GenerateRequest request)
    {
        var name = request.Temperature > 0 ? "temperature" : request.TopK > 0 ? "top_k" : request.TopP < 1 ? "top_p"
            : request.RepetitionPenalty is not (null or 1) ? "repetition_penalty" : request.Stream is true ? "stream" : request.Trace is true ? "trace" : null;
        if (name is not null)
            throw Invalid(name, $"{name} cannot be combined with beam_width above 1: a beam draws nothing and knows its text only at the end.", $"Leave {name} out, or beam_width.");
    }

    private void CheckTexts(GenerateRequest request)
    {
        if (Stream && request.Inputs.Count > 1)
            throw Invalid("stream", $"A stream is of one text; there are {request.Inputs.Count} inputs.", "Send one input, or leave stream out.");
        if (N == 1) return;
        if (Stream) throw Invalid("n", $"A stream is of one text; n is {N}.", "Leave n or stream out.");
        if (Trace) throw Invalid("n", $"A trace is of one text; n is {N}.", "Leave n or trace out.");
        if (BeamWidth > 1 && N > BeamWidth)
            throw Invalid("n", $"n is {N}; a beam of {BeamWidth} has at most {BeamWidth} texts.", $"Send n of at most {BeamWidth}, or a beam_width of at least {N}.");
        if (BeamWidth == 1 && Sampling.Temperature == 0)
            throw Invalid("n", $"n is {N}, and at temperature 0 all texts are the same.", $"Send a temperature above 0 to draw {N} texts, or a beam_width of at least {N} for the {N} best.");
    }

    private static IReadOnlyList<string> Stops(JsonElement? given)
    {
        if (given is not { } stop) return [];
        if (stop.ValueKind == JsonValueKind.String) return [StopString(stop, "/stop")];
        if (stop.ValueKind != JsonValueKind.Array)
            throw Malformed("/stop", "stop must be a string or an array of strings.", """Send "stop":"\n" or "stop":["\n","."].""");
        if (stop.GetArrayLength() > MostStops)
            throw Invalid("stop", $"There are {stop.GetArrayLength()} strings in stop; at most {MostStops} are allowed.", "Send fewer.");
        return [.. stop.EnumerateArray().Select((one, i) => StopString(one, $"/stop/{i}"))];
    }

    private static string StopString(JsonElement given, string pointer)
    {
        var text = GenerateInputs.String(given, pointer);
        return text.Length is >= 1 and <= LongestStop ? text
            : throw new ProblemException(Problems.InvalidField(pointer, $"The string has {text.Length} characters; it must have 1 to {LongestStop}.", "Send what the text should end before."));
    }

    private static int Whole(string name, int? given, int fallback, int min, int max) => (int)Whole(name, given, (long)fallback, min, max);

    private static long Whole(string name, long? given, long fallback, long min, long max) => given is not { } value || (value >= min && value <= max)
        ? given ?? fallback
        : throw Invalid(name, $"{name} is {value}; it must be a whole number from {min} to {max}.", $"Send a value from {min} to {max}, or leave {name} out.");

    private static double Number(string name, double? given, double fallback, double min, double max) => given is not { } value || (value >= min && value <= max)
        ? given ?? fallback
        : throw Invalid(name, Text($"{name} is {value}; it must be a number from {min} to {max}."), Text($"Send a value from {min} to {max}, or leave {name} out: the default here is {fallback}."));

    private static long Draw()
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToInt64(bytes) & LargestSeed;
    }

    private static ProblemException Invalid(string name, string detail, string hint) => new(Problems.InvalidField($"/{name}", detail, hint));

    private static ProblemException Malformed(string pointer, string detail, string hint) => new(Problems.Malformed(detail, hint, ProblemError.At(pointer, detail)));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
