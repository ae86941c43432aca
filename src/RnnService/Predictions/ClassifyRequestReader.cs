using System.Buffers;
using System.Text.Json;

namespace RnnService.Predictions;

/// <summary>
/// Parses <c>{"inputs":[…],"explain":false}</c> straight from its bytes, because an input may be a string, an array of tokens or an
/// array of frames and a client is told exactly which one is wrong.
/// </summary>
internal static class ClassifyRequestReader
{
    /// <summary>The request, or what is wrong with it.</summary>
    public static ClassifyInputs? Read(ReadOnlySequence<byte> body, PredictionLimits limits, out InputError? error)
    {
        var reader = new Utf8JsonReader(body);
        try
        {
            var request = Read(ref reader, limits, out error);
            if (error is not null) return null;
            if (reader.Read()) error = InputError.Malformed("", "There is more after the end of the object.", "Send one JSON object.");
            return request;
        }
        catch (JsonException syntax)
        {
            error = InputError.Malformed("", $"The body is not valid JSON (line {syntax.LineNumber + 1}, byte {syntax.BytePositionInLine + 1}).", """Send {"inputs":["a text"]}.""");
            return null;
        }
        catch (InvalidOperationException)
        {
            // GetString on bytes that are not UTF-8, or on half a surrogate pair.
            error = InputError.Malformed("", "A string of the body is not valid UTF-8 or holds half a surrogate pair.", "Send the body encoded as UTF-8.");
            return null;
        }
    }

    private static ClassifyInputs? Read(ref Utf8JsonReader reader, PredictionLimits limits, out InputError? error)
    {
        error = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return Fail(out error, InputError.Malformed("", "The body is not a JSON object.", """Send {"inputs":["a text"]}."""));
        List<PredictionInput>? inputs = null;
        var explain = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "inputs" when inputs is null:
                    inputs = ReadInputs(ref reader, limits, out error);
                    if (inputs is null) return null;
                    break;
                case "inputs":
                    return Fail(out error, InputError.Malformed("/inputs", "inputs appears twice.", "Send inputs once."));
                case "explain" when reader.TokenType is JsonTokenType.True or JsonTokenType.False:
                    explain = reader.GetBoolean();
                    break;
                case "explain":
                    return Fail(out error, InputError.Malformed("/explain", "explain must be true or false.", "Leave explain out."));
                default:
                    return Fail(out error, InputError.Malformed("/" + name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal),
                        $"\"{name}\" is not a known property.", $"Did you mean \"{NearestName.Of(name, ["inputs", "explain"])}\"? Known properties: inputs, explain."));
            }
        }

        return inputs is null
            ? Fail(out error, InputError.Malformed("/inputs", "inputs is missing.", """Send {"inputs":["a text"]}."""))
            : new ClassifyInputs(inputs, explain);
    }

    private static List<PredictionInput>? ReadInputs(ref Utf8JsonReader reader, PredictionLimits limits, out InputError? error)
    {
        error = null;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            error = InputError.Malformed("/inputs", "inputs must be an array.", """Send "inputs":["a text"], also for a single input.""");
            return null;
        }

        var inputs = new List<PredictionInput>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (inputs.Count == limits.InputsPerRequest)
            {
                error = InputError.Invalid("/inputs", $"There are more than {limits.InputsPerRequest} inputs.", $"Send at most {limits.InputsPerRequest} inputs in one request.");
                return null;
            }

            if (reader.TokenType == JsonTokenType.String) inputs.Add(new PredictionInput(reader.GetString(), null, null));
            else if (reader.TokenType == JsonTokenType.StartArray && ReadArray(ref reader, inputs.Count, limits, out error) is { } input) inputs.Add(input);
            else
            {
                error ??= InputError.Malformed($"/inputs/{inputs.Count}", "An input must be a string, an array of tokens or an array of frames.", """Send "inputs":["a text"].""");
                return null;
            }
        }

        if (inputs.Count > 0) return inputs;
        error = InputError.Invalid("/inputs", "inputs is empty.", "Send at least one input.");
        return null;
    }

    // Called on the array's opening bracket; its first element says whether tokens or frames follow.
    private static PredictionInput? ReadArray(ref Utf8JsonReader reader, int index, PredictionLimits limits, out InputError? error)
    {
        List<string> tokens = [];
        List<float[]> frames = [];
        error = null;
        for (var step = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; step++)
        {
            if (step == limits.StepsPerInput)
            {
                error = InputError.Invalid($"/inputs/{index}", $"The input has more than {limits.StepsPerInput} steps.", $"Send at most {limits.StepsPerInput} steps an input.");
                return null;
            }

            if (reader.TokenType == JsonTokenType.String && frames.Count == 0) tokens.Add(reader.GetString()!);
            else if (reader.TokenType == JsonTokenType.StartArray && tokens.Count == 0)
            {
                var frame = ReadFrame(ref reader, $"/inputs/{index}/{step}", out error);
                if (frame is null) return null;
                frames.Add(frame);
            }
            else
            {
                error = InputError.Malformed($"/inputs/{index}/{step}", "The steps of an input must be all strings (tokens) or all arrays of numbers (frames).", "Send [[0.1,0.2],[0.3,0.4]] for frames or [\"a\",\"b\"] for tokens.");
                return null;
            }
        }

        if (frames.Count == 0 && tokens.Count == 0)
        {
            error = InputError.Invalid($"/inputs/{index}", "The input is an empty sequence.", "Send at least one token or frame.");
            return null;
        }

        return frames.Count > 0 ? new PredictionInput(null, null, [.. frames]) : new PredictionInput(null, [.. tokens], null);
    }

    private static float[]? ReadFrame(ref Utf8JsonReader reader, string pointer, out InputError? error)
    {
        List<float> values = [];
        error = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number)
                error = InputError.Malformed($"{pointer}/{values.Count}", "A frame holds numbers only.", "Send numbers such as 0.25.");
            else if (reader.TryGetSingle(out var value) && float.IsFinite(value))
                values.Add(value);
            else
                error = InputError.Invalid($"{pointer}/{values.Count}", "The number is too large for 32-bit floating point.", "Send numbers between -3.4e38 and 3.4e38.");
            if (error is not null) return null;
        }

        return [.. values];
    }

    private static ClassifyInputs? Fail(out InputError? error, InputError found)
    {
        error = found;
        return null;
    }
}
