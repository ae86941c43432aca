using System.Text.Json;

namespace RnnService.Predictions;

/// <summary>One message of a client that has its steps labelled as they arrive: a frame, a token, or a word about the state.</summary>
/// <param name="Token">The token, if it is one.</param>
/// <param name="State">The state to go on from, if it is one.</param>
/// <param name="AsksState">Whether the state is wanted.</param>
internal readonly record struct LabelMessage(string? Token = null, string? State = null, bool AsksState = false)
{
    /// <summary>What to send.</summary>
    public const string Usage = """Send {"frame":[0.1,0.2]}, {"token":"word"} or {"state":true}, as the model has it.""";

    /// <summary>Parses a message; the numbers of a frame are put into <paramref name="frame"/>, emptied before.</summary>
    /// <returns>Null and what is wrong with it.</returns>
    public static LabelMessage? Read(ReadOnlySpan<byte> json, List<float> frame, out InputError? error)
    {
        frame.Clear();
        var reader = new Utf8JsonReader(json);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject || !reader.Read() || reader.TokenType != JsonTokenType.PropertyName)
            {
                error = InputError.Malformed("", "The message is not a JSON object with a step.", Usage);
                return null;
            }

            var message = ReadProperty(ref reader, frame, out error);
            if (error is not null) return null;
            if (reader.Read() && reader.TokenType == JsonTokenType.EndObject && !reader.Read()) return message;
            error = InputError.Malformed("", "The message holds more than one property.", Usage);
        }
        catch (JsonException)
        {
            error = InputError.Malformed("", "The message is not valid JSON.", Usage);
        }
        catch (InvalidOperationException)
        {
            // GetString on half a surrogate pair.
            error = InputError.Malformed("", "A string of the message holds half a surrogate pair.", "Send whole characters.");
        }

        return null;
    }

    private static LabelMessage ReadProperty(ref Utf8JsonReader reader, List<float> frame, out InputError? error)
    {
        error = null;
        if (reader.ValueTextEquals("frame"u8))
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray) error = InputError.Malformed("/frame", "frame must be an array of numbers.", Usage);
            else if (reader.Read()) error = PredictionInputReader.ReadNumbers(ref reader, "/frame", "A frame", frame);
        }
        else if (reader.ValueTextEquals("token"u8))
        {
            if (reader.Read() && reader.TokenType == JsonTokenType.String) return new LabelMessage(Token: reader.GetString());
            error = InputError.Malformed("/token", "token must be a string.", Usage);
        }
        else if (reader.ValueTextEquals("state"u8))
        {
            if (reader.Read() && reader.TokenType == JsonTokenType.String) return new LabelMessage(State: reader.GetString());
            if (reader.TokenType == JsonTokenType.True) return new LabelMessage(AsksState: true);
            error = InputError.Malformed("/state", "state must be true, to be told it, or a state to go on from.", Usage);
        }
        else
        {
            error = PredictionBody.Unknown(reader.GetString()!, "frame", "token", "state");
        }

        return default;
    }
}
