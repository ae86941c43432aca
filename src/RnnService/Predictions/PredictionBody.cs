using System.Buffers;
using System.Text;
using System.Text.Json;
using RnnService.Http;

namespace RnnService.Predictions;

/// <summary>What the bodies of all prediction requests share.</summary>
internal static class PredictionBody
{
    /// <summary>A body for each kind of model, as a hint.</summary>
    public const string Example = """Send {"inputs":["a text"]}, or where the model reads numbers {"inputs":[[0.1,0.2]]} for a vector and {"inputs":[[[0.1,0.2]]]} for frames.""";

    /// <summary>The request in a body, or what is wrong with it.</summary>
    public delegate T? Reader<T>(ReadOnlySequence<byte> body, PredictionLimits limits, out InputError? error)
        where T : class;

    /// <summary>The body of a request, or the problem to answer with.</summary>
    public static async ValueTask<(T? Read, ProblemResult? Problem)> ReadAsync<T>(HttpContext http, Limits limits, Reader<T> parse)
        where T : class
    {
        if (!http.Request.HasJsonContentType())
            return (null, new ProblemResult(ProblemKind.UnsupportedMediaType, "The body must be JSON.", "Send the header Content-Type: application/json."));
        var body = http.Request.BodyReader;
        while (true)
        {
            var read = await body.ReadAsync(http.RequestAborted);
            if (!read.IsCompleted)
            {
                body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var request = parse(WithoutMark(read.Buffer), new PredictionLimits(limits.InputsPerRequest, limits.StepsPerInput), out var error);
            body.AdvanceTo(read.Buffer.End);
            return (request, request is null ? Answer(error!) : null);
        }
    }

    // Some editors begin a file with a byte order mark; the framework's own reader leaves it out, too.
    private static ReadOnlySequence<byte> WithoutMark(ReadOnlySequence<byte> body)
    {
        var reader = new SequenceReader<byte>(body);
        return reader.IsNext(Encoding.UTF8.Preamble, advancePast: true) ? body.Slice(reader.Position) : body;
    }

    /// <summary>What a failure to read JSON means; null for any other exception.</summary>
    public static InputError? ErrorOf(Exception unreadable) => unreadable switch
    {
        JsonException syntax => InputError.Malformed("", $"The body is not valid JSON (line {syntax.LineNumber + 1}, byte {syntax.BytePositionInLine + 1}).", Example),
        // GetString on bytes that are not UTF-8, or on half a surrogate pair.
        InvalidOperationException => InputError.Malformed("", "A string of the body is not valid UTF-8 or holds half a surrogate pair.", "Send the body encoded as UTF-8."),
        _ => null,
    };

    /// <summary>A property nobody knows.</summary>
    public static InputError Unknown(string name, params string[] known) => InputError.Malformed(
        "/" + name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal),
        $"\"{ClientText.Shorten(name)}\" is not a known property.", $"Did you mean \"{NearestName.Of(name, known)}\"? Known properties: {string.Join(", ", known)}.");

    /// <summary>The problem that an error is answered with.</summary>
    public static ProblemResult Answer(InputError error) => error.IsMalformed
        ? Problems.Malformed(error.Detail, error.Hint, error.Pointer.Length == 0 ? [] : [ProblemError.At(error.Pointer, error.Detail)])
        : Problems.InvalidField(error.Pointer, error.Detail, error.Hint);
}
