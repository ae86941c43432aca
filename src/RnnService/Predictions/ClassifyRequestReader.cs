using System.Buffers;
using System.Text.Json;

namespace RnnService.Predictions;

/// <summary>
/// Parses <c>{"inputs":[…],"explain":false}</c> straight from its bytes, because an input has one of several forms and a client is told exactly which one is wrong.
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
        catch (Exception unreadable) when (PredictionBody.ErrorOf(unreadable) is { } found)
        {
            error = found;
            return null;
        }
    }

    private static ClassifyInputs? Read(ref Utf8JsonReader reader, PredictionLimits limits, out InputError? error)
    {
        error = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return Fail(out error, InputError.Malformed("", "The body is not a JSON object.", PredictionBody.Example));
        List<PredictionInput>? inputs = null;
        var explain = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "inputs" when inputs is null:
                    inputs = PredictionInputReader.Read(ref reader, limits, out error);
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
                    return Fail(out error, PredictionBody.Unknown(name, "inputs", "explain"));
            }
        }

        return inputs is null
            ? Fail(out error, InputError.Malformed("/inputs", "inputs is missing.", PredictionBody.Example))
            : new ClassifyInputs(inputs, explain);
    }

    private static ClassifyInputs? Fail(out InputError? error, InputError found)
    {
        error = found;
        return null;
    }
}
