using Microsoft.AspNetCore.Http.HttpResults;
using Rnn.Data;
using Rnn.Models;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.Predictions;

/// <summary>The door to classification.</summary>
internal static class ClassifyEndpoints
{
    /// <summary>Maps <c>/api/v1/models/{ref}/classify</c>.</summary>
    public static void MapClassify(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/models/{ref}/classify", Classify).WithTags("Predictions")
            .Accepts<ClassifyRequest>("application/json").Produces<ClassifyResponse>().WithProblems(400, 404, 413, 415, 422)
            .WithParameterExample("ref", "demo-sentiment")
            .WithExample(
                """{"inputs":["Dull at first, but wonderful."],"explain":true}""",
                """
                {"model":"demo-sentiment","version":1,"predictions":[{"label":"positive","score":0.98,"scores":{"negative":0.02,"positive":0.98},
                "attributions":[{"attribution":-1.9,"token":"dull"},{"attribution":0.01,"token":"at"},{"attribution":0.02,"token":"first"},{"attribution":0,"token":","},{"attribution":0.6,"token":"but"},{"attribution":3.1,"token":"wonderful"},{"attribution":0.1,"token":"."}],
                "running":[{"label":"negative","score":0.93,"token":"dull"},{"label":"negative","score":0.94,"token":"at"},{"label":"negative","score":0.94,"token":"first"},{"label":"negative","score":0.9,"token":","},{"label":"negative","score":0.71,"token":"but"},{"label":"positive","score":0.97,"token":"wonderful"},{"label":"positive","score":0.98,"token":"."}]}]}
                """);

    /// <summary>Classifies texts, token lists, frames or feature vectors</summary>
    /// <remarks>
    /// <c>ref</c> is <c>name</c> (the alias <c>production</c> if set, else the newest version), <c>name:3</c> or <c>name@alias</c>. <c>explain</c> adds what each token, frame or feature
    /// adds to the verdict (<c>attributions</c>, by leaving each out once: Zeiler and Fergus 2014, Li et al. 2016) and the verdict after each step (<c>running</c>).
    /// </remarks>
    /// <param name="ref">The model reference.</param>
    /// <param name="http">The request.</param>
    /// <param name="registry">Finds the model.</param>
    /// <param name="limits">How much one request may ask for.</param>
    private static async Task<Results<JsonHttpResult<ClassifyResponse>, ProblemResult>> Classify(string @ref, HttpContext http, ModelRegistry registry, Limits limits)
    {
        var (inputs, problem) = await PredictionBody.ReadAsync<ClassifyInputs>(http, limits, ClassifyRequestReader.Read);
        if (inputs is null) return problem!;
        if (await registry.ResolveAsync(@ref, http.RequestAborted) is not { } version) return ModelProblems.NotFound(@ref);
        if (version.Task is not (LearningTask.SequenceClassification or LearningTask.VectorClassification))
            return ModelProblems.WrongTask(version, "classify", "sequence_classification or vector_classification");

        var model = await registry.LoadAsync(version);
        var sequences = InputEncoding.Encode(model.Model, inputs.Items, limits.StepsPerInput, out var error);
        var predictions = sequences is null ? null
            : inputs.Explain ? Explain(model.Model, inputs.Items, sequences, limits.ExplainedSteps, http.RequestAborted, out error)
            : Verdicts(model.Model, await model.Classifications.RunAsync(sequences), out error);
        return predictions is null ? PredictionBody.Answer(error!)
            : TypedResults.Json(new ClassifyResponse(version.Model, version.Version, predictions), ClassifyJson.Default.ClassifyResponse);
    }

    private static Prediction[]? Verdicts(TrainedModel model, float[][] probabilities, out InputError? error)
    {
        var overflow = Array.FindIndex(probabilities, scores => !float.IsFinite(scores[0]));
        error = overflow < 0 ? null : InputEncoding.Overflow(overflow);
        return error is null ? Array.ConvertAll(probabilities, scores => Prediction.Of(model.Codec.Labels, scores)) : null;
    }

    // Not through the queue that requests share: the others should not wait for some hundred variants of one input.
    private static Prediction[]? Explain(TrainedModel model, IReadOnlyList<PredictionInput> inputs, Sequence[] sequences, int mostSteps, CancellationToken cancellationToken, out InputError? error)
    {
        error = null;
        for (int i = 0, steps = 0; i < sequences.Length; i++)
        {
            steps += Explanation.PartsOf(model, sequences[i]);
            if (steps <= mostSteps) continue;
            error = InputError.Invalid($"/inputs/{i}", $"Up to this input there are {steps} tokens, frames or features to explain; at most {mostSteps} in one request are explained.",
                "Explain fewer or shorter inputs, leave explain out, or raise the setting RnnService:Limits:ExplainedSteps.");
            return null;
        }

        var predictions = new Prediction[sequences.Length];
        for (var i = 0; i < predictions.Length; i++)
        {
            var explanation = Explanation.Of(model, sequences[i], cancellationToken);
            if (!explanation.IsFinite)
            {
                error = InputEncoding.Overflow(i);
                return null;
            }

            var tokens = inputs[i].Text is { } text ? model.Codec.Input!.Split(text) : inputs[i].Tokens;
            predictions[i] = Prediction.Of(model.Codec.Labels, explanation, tokens);
        }

        return predictions;
    }
}
