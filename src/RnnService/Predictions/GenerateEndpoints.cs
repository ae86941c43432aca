using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection.Extensions;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.Predictions;

/// <summary>The door to texts.</summary>
internal static partial class GenerateEndpoints
{
    /// <summary>An answer as a stream of events.</summary>
    public const string Events = """
        id: 1
        event: token
        data: {"text":"c","token":"c","log_probability":-0.4}

        id: 2
        event: token
        data: {"text":"at","token":"at","log_probability":-0.3}

        id: 3
        event: done
        data: {"model":"demo-language","version":1,"seed":7,"text":"cat","finish_reason":"length","tokens":2,"log_probability":-0.7,"state":"CfDJ8…"}


        """;

    /// <summary>A request.</summary>
    public const string Request = """{"inputs":["The "],"max_tokens":40,"temperature":0.8,"seed":7}""";

    /// <summary>The answer to it.</summary>
    public const string Response = """{"model":"demo-language","version":1,"seed":7,"predictions":[{"text":"merry goat looked at the rat,\nand then","finish_reason":"length","tokens":40,"log_probability":-31.6,"state":"CfDJ8…"}]}""";

    /// <summary>Offers what texts are written with.</summary>
    public static void AddGenerate(this IServiceCollection services)
    {
        services.TryAddSingleton<StateTokens>();
        services.AddSingleton<GenerateMeter>();
    }

    /// <summary>Maps <c>/api/v1/models/{ref}/generate</c>.</summary>
    public static void MapGenerate(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/models/{ref}/generate", Generate).WithTags("Predictions")
            .Produces<GenerateResponse>().Produces<string>(200, EventStream.MediaType).WithProblems(400, 404, 413, 415, 422, 503)
            .WithParameterExample("ref", "demo-language")
            .WithExample(Request, Response, Events);

    /// <summary>Writes texts: captions, translations, or what a prompt goes on with</summary>
    /// <remarks>
    /// <c>ref</c> is <c>name</c> (the alias <c>production</c> if set, else the newest version), <c>name:3</c> or <c>name@alias</c>. Captions and translations are greedy
    /// unless <c>temperature</c> says else; language models draw at temperature 1, so that every request gets another text; the echoed <c>seed</c> writes it again.
    /// With <c>stream</c> the answer is server-sent events: a <c>token</c> for each, then <c>done</c> with the totals, or <c>error</c>.
    /// </remarks>
    /// <param name="ref">The model reference.</param>
    /// <param name="request">What to write.</param>
    /// <param name="http">The request.</param>
    /// <param name="registry">Finds the model.</param>
    /// <param name="states">Opens and closes states.</param>
    /// <param name="streams">The open streams.</param>
    /// <param name="meter">Counts tokens.</param>
    /// <param name="limits">How much one request may ask for.</param>
    /// <param name="logs">Where a stream that broke off is logged.</param>
    private static async Task<Results<JsonHttpResult<GenerateResponse>, EmptyHttpResult, ProblemResult>> Generate(
        string @ref, GenerateRequest request, HttpContext http, ModelRegistry registry, StateTokens states, EventStreams streams, GenerateMeter meter, Limits limits, ILoggerFactory logs)
    {
        if (await registry.ResolveAsync(@ref, http.RequestAborted) is not { } version)
            return Problems.NotFound("model", Names.Shorten(@ref), "A reference is name, name:3 or name@alias; GET /api/v1/models lists the models.");
        if (ServedBy(version.Task) is { } other)
            return Problems.Invalid($"The model '{version.Model}' is for {SnakeCaseEnum<LearningTask>.Write(version.Task)}, not for generate.",
                $"Its predictions are at POST /api/v1/models/{version.Model}/{other}; generate serves captioning, translation and language_modeling.");
        var model = await registry.LoadAsync(version);
        var options = GenerateOptions.Of(request, version.Task, model.Model.Codec.MaxTokens, limits.TokensPerGeneration);
        var inputs = new GenerateInputs(version, model.Model, states, limits).Read(request, options);
        var answers = new GenerateAnswers(version, model, options, states, meter);
        if (!options.Stream)
            return TypedResults.Json(await answers.WriteAsync(inputs, http.RequestAborted), GenerateJson.Plain.GenerateResponse);
        var busy = await streams.AnswerAsync(http, async (stream, ends) =>
        {
            try
            {
                await answers.StreamAsync(inputs[0], stream, ends);
            }
            catch (ProblemException wrong)
            {
                await stream.SendAsync(GenerateAnswers.ErrorEvent(http, wrong.Problem), ends);
            }
            catch (Exception error) when (error is not OperationCanceledException && !ends.IsCancellationRequested)
            {
                LogBroken(logs.CreateLogger(typeof(GenerateEndpoints)), version.Model, version.Version, error);
                await stream.SendAsync(GenerateAnswers.ErrorEvent(http, Problems.Internal()), ends);
            }
        });
        return busy is null ? TypedResults.Empty : busy;
    }

    private static string? ServedBy(LearningTask task) => task switch
    {
        LearningTask.VectorClassification or LearningTask.SequenceClassification => "classify",
        LearningTask.SequenceLabeling => "label",
        _ => null,
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "A stream of {Model}:{Version} broke off.")]
    private static partial void LogBroken(ILogger log, string model, int version, Exception exception);
}
