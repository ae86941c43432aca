using Rnn.Data;
using Rnn.Decoding;
using Rnn.Models;

namespace RnnService.Predictions;

/// <summary>Writes the texts of one input. The same input, options and seed give the same texts, alone or beside others, streamed or not.</summary>
/// <param name="model">The model that writes.</param>
/// <param name="options">How.</param>
/// <param name="meter">Counts tokens.</param>
internal sealed class GenerateTexts(TrainedModel model, GenerateOptions options, GenerateMeter meter)
{
    // A prompt is read so many tokens at a time.
    private const int PromptPart = 16;

    private readonly Tokenizer _tokenizer = model.Codec.Output!;

    /// <summary>One text that has not begun to grow.</summary>
    public async Task<GenerateGrowth> BeginAsync(GenerateInput input, GenerateTurns turns)
    {
        var start = await StartAsync(model.Network.CreateDecoder(input.Source), input, turns);
        return Grow(start, input);
    }

    /// <summary>One token more, drawn or given, and the text it adds.</summary>
    public (GeneratedToken Token, string Text) Advance(GenerateGrowth text, int? given = null)
    {
        meter.Emitted();
        return text.Advance(given);
    }

    /// <summary>All texts of an input, the best or first one first.</summary>
    /// <param name="input">What they are written from.</param>
    /// <param name="turns">Takes turns with others.</param>
    /// <param name="onStep">Told of every step.</param>
    public async Task<IReadOnlyList<GenerateGrowth>> WriteAsync(GenerateInput input, GenerateTurns turns, Action<Generation, GeneratedToken>? onStep = null)
    {
        var decoder = model.Network.CreateDecoder(input.Source);
        var start = await StartAsync(decoder, input, turns);
        if (options.BeamWidth > 1) return await SearchAsync(decoder, start, input, turns);
        var texts = new List<GenerateGrowth>(options.N);
        for (var i = 0; i < options.N; i++)
        {
            var text = Grow(i == 0 && options.N == 1 ? start : start.Fork(options.SeedOf(i)), input);
            while (text.Finish is null)
            {
                var (token, _) = Advance(text);
                onStep?.Invoke(text.Generation, token);
                await turns.NextAsync();
            }

            texts.Add(text);
        }

        return texts;
    }

    // A beam drops what begins poorly, also where it would have become better than all that is left: the greedy text is always among those compared.
    private async Task<IReadOnlyList<GenerateGrowth>> SearchAsync(TokenDecoder decoder, Generation start, GenerateInput input, GenerateTurns turns)
    {
        var greedy = Grow(start.Fork(0), input);
        for (; greedy.Finish is null; await turns.NextAsync()) Advance(greedy);
        var search = new BeamSearch(decoder, options.BeamWidth, Forbidden(decoder));
        search.Begin(start.State.Values.Span, start.State.Next);
        for (var length = 1; length <= options.MaxTokens && !search.IsFinished; length++)
        {
            search.Extend();
            await turns.NextAsync();
        }

        // Reading them back finds stops, and the state where each of them ends.
        var texts = new List<GenerateGrowth> { greedy };
        foreach (var hypothesis in search.Best(options.LengthPenalty))
        {
            var text = Grow(start.Fork(0), input);
            for (var i = 0; text.Finish is null && i < hypothesis.Tokens.Count; i++, await turns.NextAsync()) Advance(text, hypothesis.Tokens[i]);
            if (text.Finish is not null && !texts.Exists(other => other.Tokens.SequenceEqual(text.Tokens))) texts.Add(text);
        }

        return [.. texts.OrderByDescending(text => text.Score).Take(options.N)];
    }

    private async Task<Generation> StartAsync(TokenDecoder decoder, GenerateInput input, GenerateTurns turns)
    {
        var start = new Generation(decoder, options.Sampling, options.SeedOf(0), Forbidden(decoder), input.From);
        for (var at = 0; at < input.Prompt.Length; at += PromptPart)
        {
            start.Read(input.Prompt.Span.Slice(at, Math.Min(PromptPart, input.Prompt.Length - at)));
            await turns.NextAsync();
        }

        return start;
    }

    private GenerateGrowth Grow(Generation generation, GenerateInput input) => new(generation, _tokenizer, input, options);

    // What is no text of the training set, and the end where texts have none.
    private int[] Forbidden(TokenDecoder decoder) =>
        decoder.End == _tokenizer.End ? [Vocabulary.Unknown, _tokenizer.Begin] : [Vocabulary.Unknown, _tokenizer.Begin, _tokenizer.End];
}
