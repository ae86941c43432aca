using System.Diagnostics;
using System.Text.Json;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.Predictions;

/// <summary>Writes what a request asks for and puts it into answers: all at once, or as events.</summary>
/// <param name="version">The version that answers.</param>
/// <param name="model">The model in memory.</param>
/// <param name="options">How to write.</param>
/// <param name="states">Closes states.</param>
/// <param name="meter">Counts tokens.</param>
internal sealed class GenerateAnswers(ResolvedModel version, LoadedModel model, GenerateOptions options, StateTokens states, GenerateMeter meter)
{
    private readonly GenerateTexts _texts = new(model.Model, options, meter);
    private readonly GenerateTrace _trace = new(model.Model);

    /// <summary>The texts of all inputs, in their order.</summary>
    /// <exception cref="OperationCanceledException">The client left.</exception>
    public async Task<GenerateResponse> WriteAsync(IReadOnlyList<GenerateInput> inputs, CancellationToken cancellationToken)
    {
        var turns = new GenerateTurns(cancellationToken);
        var predictions = new GeneratedText[inputs.Count];
        for (var i = 0; i < predictions.Length; i++)
        {
            var steps = options.Trace ? new List<GenerateStep>() : null;
            var texts = await _texts.WriteAsync(inputs[i], turns, steps is null ? null : (generation, token) => steps.Add(_trace.Step(generation, token)));
            GeneratedText[] all = [.. texts.Select(Answer)];
            predictions[i] = all[0] with { Choices = options.N > 1 ? all : null, Source = steps is null ? null : inputs[i].Tokens, Steps = steps };
        }

        return new GenerateResponse(version.Model, version.Version, options.Seed, predictions);
    }

    /// <summary>Sends the text of one input as it grows.</summary>
    /// <exception cref="OperationCanceledException">The client left, or the process stops.</exception>
    public async Task StreamAsync(GenerateInput input, EventStream stream, CancellationToken cancellationToken)
    {
        var turns = new GenerateTurns(cancellationToken);
        var text = await _texts.BeginAsync(input, turns);
        while (text.Finish is null)
        {
            var (token, added) = _texts.Advance(text);
            var happened = new GenerateTokenEvent(added, _trace.Shown(token.Token), token.LogProbability) { Step = options.Trace ? _trace.Step(text.Generation, token) : null };
            await stream.SendAsync(EventStream.Event(text.Tokens.Count, "token", JsonSerializer.Serialize(happened, GenerateJson.Plain.GenerateTokenEvent)), cancellationToken);
            await turns.NextAsync();
        }

        var all = Answer(text);
        var done = new GenerateDoneEvent(version.Model, version.Version, options.Seed, all.Text, all.FinishReason, all.Tokens, all.LogProbability, all.State)
        {
            Source = options.Trace ? input.Tokens : null,
        };
        await stream.SendAsync(EventStream.Event(text.Tokens.Count + 1, "done", JsonSerializer.Serialize(done, GenerateJson.Plain.GenerateDoneEvent)), cancellationToken);
    }

    /// <summary>The last event of a stream that cannot go on; the status has been sent long since.</summary>
    public static string ErrorEvent(HttpContext http, ProblemResult problem)
    {
        var kind = problem.Kind;
        var error = new GenerateErrorEvent(kind.Type, kind.Title, kind.Status, problem.Detail, Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier, problem.Hint);
        return EventStream.Event(0, "error", JsonSerializer.Serialize(error, GenerateJson.Plain.GenerateErrorEvent));
    }

    private GeneratedText Answer(GenerateGrowth text)
    {
        var state = version.Task == LearningTask.LanguageModeling ? text.Generation.State : default;
        return new GeneratedText(text.Text, text.Finish!.Value, text.Tokens.Count, text.LogProbability,
            state.Values.IsEmpty ? null : states.Protect(GenerateInputs.Kind, version, state.Values.Span, state.Next));
    }
}
