using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.HttpResults;
using Rnn.Data;
using Rnn.Models;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.Predictions;

/// <summary>The door to predictions.</summary>
internal static class ClassifyEndpoints
{
    /// <summary>Maps <c>/api/v1/models/{ref}/classify</c>.</summary>
    public static void MapPredictions(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/models/{ref}/classify", Classify).WithTags("Predictions")
            .Accepts<ClassifyRequest>("application/json").Produces<ClassifyResponse>().WithProblems(400, 404, 413, 415, 422)
            .WithParameterExample("ref", "demo-sentiment")
            .WithExample(
                """{"inputs":["I expected it to be dull, but it was wonderful."]}""",
                """{"model":"demo-sentiment","version":1,"predictions":[{"label":"positive","score":0.98,"scores":{"negative":0.02,"positive":0.98}}]}""");

    /// <summary>Classifies texts, token lists or frames</summary>
    /// <remarks><c>ref</c> is <c>name</c> (the alias <c>production</c> if set, else the newest version), <c>name:3</c> or <c>name@alias</c>.</remarks>
    /// <param name="ref">The model reference.</param>
    /// <param name="http">The request.</param>
    /// <param name="registry">Finds the model.</param>
    /// <param name="limits">How much one request may ask for.</param>
    private static async Task<Results<JsonHttpResult<ClassifyResponse>, ProblemResult>> Classify(string @ref, HttpContext http, ModelRegistry registry, Limits limits)
    {
        if (!http.Request.HasJsonContentType())
            return new ProblemResult(ProblemKind.UnsupportedMediaType, "The body must be JSON.", "Send the header Content-Type: application/json.");
        var (inputs, error) = await ReadAsync(http.Request.BodyReader, new PredictionLimits(limits.InputsPerRequest, limits.StepsPerInput), http.RequestAborted);
        if (inputs is null) return Answer(error!);
        if (inputs.Explain) return Problems.NotAvailable("/explain", "Explanations are not available yet.", "Leave explain out, or send false.");
        if (await registry.ResolveAsync(@ref, http.RequestAborted) is not { } version)
            return Problems.NotFound("model", Names.Shorten(@ref), "A reference is name, name:3 or name@alias; GET /api/v1/models lists the models.");
        if (version.Task != LearningTask.SequenceClassification)
            return Problems.Invalid($"The model '{version.Model}' is for {SnakeCaseEnum<LearningTask>.Write(version.Task)}, not for classify.", "Choose a model of the task sequence_classification.");

        var model = await registry.LoadAsync(version);
        var sequences = new Sequence[inputs.Items.Count];
        for (var i = 0; i < sequences.Length; i++)
        {
            if (Encode(model.Model.Codec, inputs.Items[i], i, limits.StepsPerInput, out var sequence) is { } problem) return Answer(problem);
            sequences[i] = sequence!;
        }

        var probabilities = await model.Batcher.ClassifyAsync(sequences);
        var predictions = Array.ConvertAll(probabilities, scores => Prediction.Of(model.Model.Codec.Labels, scores));
        return TypedResults.Json(new ClassifyResponse(version.Model, version.Version, predictions), ClassifyJson.Default.ClassifyResponse);
    }

    private static async ValueTask<(ClassifyInputs? Inputs, InputError? Error)> ReadAsync(PipeReader body, PredictionLimits limits, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            if (!read.IsCompleted)
            {
                body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var inputs = ClassifyRequestReader.Read(read.Buffer, limits, out var error);
            body.AdvanceTo(read.Buffer.End);
            return (inputs, error);
        }
    }

    // A wrong kind, a wrong width or no token at all is the model's to say; the place of it is ours.
    private static InputError? Encode(Codec model, PredictionInput input, int index, int mostSteps, out Sequence? sequence)
    {
        var pointer = $"/inputs/{index}";
        sequence = null;
        if (input.Text is { } text && string.IsNullOrWhiteSpace(text))
            return InputError.Invalid(pointer, "The text is empty.", "Send at least one word.");
        try
        {
            sequence = input.Text is not null ? model.Encode(input.Text) : input.Tokens is not null ? model.EncodeTokens(input.Tokens) : model.EncodeFrames(input.Frames!);
        }
        catch (ArgumentException wrong)
        {
            var sentence = wrong.ParamName is null ? wrong.Message : wrong.Message.Replace($" (Parameter '{wrong.ParamName}')", "", StringComparison.Ordinal);
            return InputError.Invalid(pointer, sentence, "Send inputs of the kind the model was trained on.");
        }

        return sequence.Steps <= mostSteps ? null
            : InputError.Invalid(pointer, $"The input has {sequence.Steps} steps; at most {mostSteps} are allowed.", "Send a shorter input, or raise the setting RnnService:Limits:StepsPerInput.");
    }

    private static ProblemResult Answer(InputError error) => error.IsMalformed
        ? Problems.Malformed(error.Detail, error.Hint, error.Pointer.Length == 0 ? [] : [ProblemError.At(error.Pointer, error.Detail)])
        : Problems.InvalidField(error.Pointer, error.Detail, error.Hint);
}
