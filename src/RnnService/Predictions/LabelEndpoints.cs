using Microsoft.AspNetCore.Http.HttpResults;
using Rnn.Data;
using Rnn.Models;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.Predictions;

/// <summary>The doors to labels for every step: all at once, or one by one as steps arrive.</summary>
internal static class LabelEndpoints
{
    /// <summary>What the states of labelers are bound to, besides the model.</summary>
    public const string StateKind = "label";

    /// <summary>Maps <c>/api/v1/models/{ref}/label</c> and its stream.</summary>
    public static void MapLabel(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v1/models/{ref}/label", Label).WithTags("Predictions")
            .Accepts<LabelRequest>("application/json").Produces<LabelResponse>().WithProblems(400, 404, 413, 415, 422)
            .WithParameterExample("ref", "demo-labels")
            .WithExample(
                """{"inputs":[[[0.1,0.2],[0.15,0.1],[0.7,0.8],[1.3,1.4]]],"states":[null]}""",
                """{"model":"demo-labels","version":1,"predictions":[{"labels":["rest","rest","rise","rise"],"scores":[0.99,0.99,0.97,0.99],"state":"CfDJ8Nq2o0b4"}]}""");
        routes.MapGet("/api/v1/models/{ref}/label/stream", Stream).WithTags("Predictions")
            .Produces(StatusCodes.Status101SwitchingProtocols).WithProblems(404, 422, 426)
            .WithParameterExample("ref", "demo-labels");
    }

    /// <summary>Labels every step of sequences</summary>
    /// <remarks>
    /// The same input gets the same labels alone, in a batch, or in parts of which each sends on the <c>state</c> of the one before it. A state is kept by the client;
    /// used twice, it makes two sequences that go on from the same place.
    /// </remarks>
    /// <param name="ref">The model reference.</param>
    /// <param name="http">The request.</param>
    /// <param name="registry">Finds the model.</param>
    /// <param name="tokens">Reads and makes states.</param>
    /// <param name="limits">How much one request may ask for.</param>
    private static async Task<Results<JsonHttpResult<LabelResponse>, ProblemResult>> Label(string @ref, HttpContext http, ModelRegistry registry, StateTokens tokens, Limits limits)
    {
        var (inputs, problem) = await PredictionBody.ReadAsync<LabelInputs>(http, limits, LabelRequestReader.Read);
        if (inputs is null) return problem!;
        if (await registry.ResolveAsync(@ref, http.RequestAborted) is not { } version) return ModelProblems.NotFound(@ref);
        if (version.Task != LearningTask.SequenceLabeling) return ModelProblems.WrongTask(version, "label", "sequence_labeling");

        var loaded = await registry.LoadAsync(version);
        var model = loaded.Model;
        if (InputEncoding.Encode(model, inputs.Items, limits.StepsPerInput, out var error) is not { } sequences) return PredictionBody.Answer(error!);
        if (States(inputs, version, model, tokens, out error) is not { } states) return PredictionBody.Answer(error!);
        var labeled = await loaded.Labelings.RunAsync([.. sequences.Zip(states)]);
        var predictions = new Labeling[labeled.Length];
        for (var i = 0; i < predictions.Length; i++)
        {
            if (Labeling.Of(model.Codec.Labels, labeled[i].Probabilities) is not { } labeling) return PredictionBody.Answer(InputEncoding.Overflow(i));
            predictions[i] = labeling with
            {
                State = labeled[i].State.Length == 0 ? null : tokens.Protect(StateKind, version, labeled[i].State),
                Tokens = inputs.Items[i].Text is { } text ? model.Codec.Input!.Split(text) : null,
            };
        }

        return TypedResults.Json(new LabelResponse(version.Model, version.Version, predictions), LabelJson.Default.LabelResponse);
    }

    /// <summary>Labels steps as they arrive, over a WebSocket</summary>
    /// <remarks>
    /// Each text message <c>{"frame":[0.1,0.2]}</c> or <c>{"token":"word"}</c> is answered at once by <c>{"step":1,"label":"rise","score":0.97}</c>, <c>step</c> counting from 1.
    /// A message that cannot be used is answered by <c>{"error":{"type":…,"detail":…,"hint":…,"pointer":…}}</c>, and the stream goes on where it was.
    /// <c>{"state":true}</c> is answered by <c>{"state":"…"}</c>, the state as <c>label</c> gives and takes it; <c>{"state":"…"}</c> goes on from such a state and is answered alike.
    /// Otherwise the sequence lives in the socket and ends with it.
    /// </remarks>
    /// <param name="ref">The model reference; the version it stands for now labels the whole stream.</param>
    /// <param name="http">The request to become a WebSocket.</param>
    /// <param name="registry">Finds the model.</param>
    /// <param name="tokens">Reads and makes states.</param>
    /// <param name="limits">How long a message and a silence may be.</param>
    /// <param name="places">Of which a socket holds one.</param>
    /// <param name="lifetime">Ends the stream when the process stops.</param>
    private static async Task<Results<EmptyHttpResult, ProblemResult>> Stream(
        string @ref, HttpContext http, ModelRegistry registry, StateTokens tokens, Limits limits, StreamPlaces places, IHostApplicationLifetime lifetime)
    {
        if (await registry.ResolveAsync(@ref, http.RequestAborted) is not { } version) return ModelProblems.NotFound(@ref);
        if (version.Task != LearningTask.SequenceLabeling) return ModelProblems.WrongTask(version, "label/stream", "sequence_labeling");
        var model = (await registry.LoadAsync(version)).Model;
        if (model.Network.CarriedStateSize == 0)
            return Problems.Invalid($"The model '{version.Model}' is bidirectional: it labels a step only after it has seen the end.", "POST whole sequences to label, or train a model with network.bidirectional false.");
        if (!http.WebSockets.IsWebSocketRequest)
        {
            (http.Response.Headers.Upgrade, http.Response.Headers.SecWebSocketVersion) = ("websocket", "13");
            return new ProblemResult(ProblemKind.UpgradeRequired, "The request does not ask for a WebSocket of version 13.", "Connect with a WebSocket client to ws://… or wss://….");
        }

        var busy = await places.HoldAsync(async () =>
        {
            using var socket = await http.WebSockets.AcceptWebSocketAsync();
            using var stream = new LabelStream(socket, version, model, tokens, limits);
            await stream.RunAsync(lifetime.ApplicationStopping);
        });
        return busy is null ? TypedResults.Empty : busy;
    }

    private static float[]?[]? States(LabelInputs inputs, ResolvedModel version, TrainedModel model, StateTokens tokens, out InputError? error)
    {
        error = null;
        var states = new float[]?[inputs.Items.Count];
        if (inputs.States is null) return states;
        if (model.Network.CarriedStateSize == 0)
        {
            error = InputError.Invalid("/states/0", $"The model '{version.Model}' is bidirectional: it reads from the end too, so a sequence cannot be continued.", "Leave states out and send whole sequences.");
            return null;
        }

        for (var i = 0; i < states.Length; i++)
        {
            if (inputs.States[i] is not { } token) continue;
            states[i] = tokens.Unprotect(StateKind, version, token)?.Values;
            if (states[i] is not null) continue;
            error = Foreign($"/states/{i}", version);
            return null;
        }

        return states;
    }

    /// <summary>A state that is none of this version's labelings.</summary>
    public static InputError Foreign(string pointer, ResolvedModel version) => InputError.Invalid(pointer,
        $"The state was not made by label of '{version.Model}' version {version.Version}, or it was changed.", "Send a state as this version's label gave it, or begin a sequence without one.");
}
