using System.Buffers;
using System.Text.Json;

namespace RnnService.Predictions;

/// <summary>Parses <c>{"inputs":[…],"states":[…]}</c> straight from its bytes.</summary>
internal static class LabelRequestReader
{
    /// <summary>The request, or what is wrong with it.</summary>
    public static LabelInputs? Read(ReadOnlySequence<byte> body, PredictionLimits limits, out InputError? error)
    {
        var reader = new Utf8JsonReader(body);
        try
        {
            var request = Read(ref reader, limits, out error);
            if (error is not null) return null;
            if (reader.Read()) error = InputError.Malformed("", "There is more after the end of the object.", "Send one JSON object.");
            return request;
        }
        catch (Exception unreadable) when (PredictionBody.ErrorOf(unreadable) is { } found)
        {
            error = found;
            return null;
        }
    }

    private static LabelInputs? Read(ref Utf8JsonReader reader, PredictionLimits limits, out InputError? error)
    {
        error = null;
        List<PredictionInput>? inputs = null;
        List<string?>? states = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            error = InputError.Malformed("", "The body is not a JSON object.", PredictionBody.Example);
        while (error is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "inputs" when inputs is null:
                    inputs = PredictionInputReader.Read(ref reader, limits, out error);
                    break;
                case "states" when states is null:
                    states = [];
                    error = ReadStates(ref reader, states);
                    break;
                case "inputs" or "states":
                    error = InputError.Malformed($"/{name}", $"{name} appears twice.", $"Send {name} once.");
                    break;
                default:
                    error = PredictionBody.Unknown(name, "inputs", "states");
                    break;
            }
        }

        if (error is null && inputs is null) error = InputError.Malformed("/inputs", "inputs is missing.", PredictionBody.Example);
        if (error is null && states is not null && states.Count != inputs!.Count)
        {
            error = InputError.Invalid($"/states/{Math.Min(states.Count, inputs.Count)}", $"There are {states.Count} states for {inputs.Count} inputs.",
                "Send one state per input, null where a sequence begins.");
        }

        return error is null ? new LabelInputs(inputs!, states) : null;
    }

    private static InputError? ReadStates(ref Utf8JsonReader reader, List<string?> states)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            return InputError.Malformed("/states", "states must be an array.", "Send one state per input, null where a sequence begins, or leave states out.");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
                return InputError.Malformed($"/states/{states.Count}", "A state must be a string or null.", "Send the state of an earlier answer as it came, or null.");
            states.Add(reader.TokenType == JsonTokenType.Null ? null : reader.GetString());
        }

        return null;
    }
}
