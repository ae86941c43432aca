using System.Text.Json;

namespace RnnService.Predictions;

/// <summary>Reads <c>inputs</c>, in which each may be a string, an array of tokens, an array of frames or one feature vector.</summary>
internal static class PredictionInputReader
{
    /// <summary>The inputs, from the array's opening bracket on; null and what is wrong.</summary>
    public static List<PredictionInput>? Read(ref Utf8JsonReader reader, PredictionLimits limits, out InputError? error)
    {
        error = null;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            error = InputError.Malformed("/inputs", "inputs must be an array, also for a single input.", PredictionBody.Example);
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

            if (reader.TokenType == JsonTokenType.String) inputs.Add(new PredictionInput(Text: reader.GetString()));
            else if (reader.TokenType == JsonTokenType.StartArray && ReadArray(ref reader, inputs.Count, limits, out error) is { } input) inputs.Add(input);
            else
            {
                error ??= InputError.Malformed($"/inputs/{inputs.Count}", "An input must be a string, an array of tokens, an array of frames or a feature vector.", PredictionBody.Example);
                return null;
            }
        }

        if (inputs.Count > 0) return inputs;
        error = InputError.Invalid("/inputs", "inputs is empty.", "Send at least one input.");
        return null;
    }

    // Called on the array's opening bracket; its first element says whether tokens, frames or numbers follow.
    private static PredictionInput? ReadArray(ref Utf8JsonReader reader, int index, PredictionLimits limits, out InputError? error)
    {
        List<string> tokens = [];
        List<float[]> frames = [];
        error = null;
        for (var step = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; step++)
        {
            if (step == 0 && reader.TokenType == JsonTokenType.Number)
            {
                List<float> features = [];
                error = ReadNumbers(ref reader, $"/inputs/{index}", "A feature vector", features);
                return error is null ? new PredictionInput(Features: [.. features]) : null;
            }

            if (step == limits.StepsPerInput)
            {
                error = InputError.Invalid($"/inputs/{index}", $"The input has more than {limits.StepsPerInput} steps.", $"Send at most {limits.StepsPerInput} steps an input.");
                return null;
            }

            if (reader.TokenType == JsonTokenType.String && frames.Count == 0) tokens.Add(reader.GetString()!);
            else if (reader.TokenType == JsonTokenType.StartArray && tokens.Count == 0)
            {
                List<float> frame = [];
                reader.Read();
                error = ReadNumbers(ref reader, $"/inputs/{index}/{step}", "A frame", frame);
                if (error is not null) return null;
                frames.Add([.. frame]);
            }
            else
            {
                error = InputError.Malformed($"/inputs/{index}/{step}", "The steps of an input must be all strings (tokens) or all arrays of numbers (frames).", "Send [[0.1,0.2],[0.3,0.4]] for frames, [\"a\",\"b\"] for tokens or [0.1,0.2] for a feature vector.");
                return null;
            }
        }

        if (frames.Count == 0 && tokens.Count == 0)
        {
            error = InputError.Invalid($"/inputs/{index}", "The input is an empty sequence.", "Send at least one token or frame.");
            return null;
        }

        return frames.Count > 0 ? new PredictionInput(Frames: [.. frames]) : new PredictionInput(Tokens: [.. tokens]);
    }

    /// <summary>Adds the numbers of an array, from its first element on.</summary>
    /// <returns>What is wrong with it, if it is.</returns>
    public static InputError? ReadNumbers(ref Utf8JsonReader reader, string pointer, string what, List<float> values)
    {
        for (; reader.TokenType != JsonTokenType.EndArray; reader.Read())
        {
            if (reader.TokenType != JsonTokenType.Number)
                return InputError.Malformed($"{pointer}/{values.Count}", $"{what} holds numbers only.", "Send numbers such as 0.25.");
            if (!reader.TryGetSingle(out var value) || !float.IsFinite(value))
                return InputError.Invalid($"{pointer}/{values.Count}", "The number is too large for 32-bit floating point.", "Send numbers between -3.4e38 and 3.4e38.");
            values.Add(value);
        }

        return null;
    }
}
