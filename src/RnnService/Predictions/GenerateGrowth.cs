using System.Text;
using Rnn.Data;
using Rnn.Decoding;
using RnnService.Http;

namespace RnnService.Predictions;

/// <summary>One text as it grows: tokens become text, until the model ends it, a stop comes up or it has its most tokens.</summary>
/// <param name="generation">Where the tokens come from.</param>
/// <param name="tokenizer">Whose tokens they are.</param>
/// <param name="input">What it is written from.</param>
/// <param name="options">Stops and most tokens.</param>
internal sealed class GenerateGrowth(Generation generation, Tokenizer tokenizer, GenerateInput input, GenerateOptions options)
{
    private readonly TokenStream _stream = new(tokenizer, input.Continues);
    private readonly StopSequences _stops = new(options.Stop);
    private readonly StringBuilder _text = new();
    private readonly List<int> _tokens = [];

    /// <summary>Where the tokens come from, and where it stands.</summary>
    public Generation Generation => generation;

    /// <summary>Tokens so far.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>Of all tokens together, in nats.</summary>
    public double LogProbability { get; private set; }

    /// <summary>Why it ended; null while it grows.</summary>
    public FinishReason? Finish { get; private set; }

    /// <summary>All of it that can be no part of a stop.</summary>
    public string Text => _text.ToString();

    /// <summary>By what a beam orders texts.</summary>
    public double Score => new Hypothesis(_tokens, LogProbability, generation.IsFinished, default).Score(options.LengthPenalty);

    /// <summary>One token more, drawn or given, and the text it adds.</summary>
    /// <exception cref="InvalidOperationException">The text has ended.</exception>
    /// <exception cref="ProblemException">The numbers of the input overflowed.</exception>
    public (GeneratedToken Token, string Text) Advance(int? given = null)
    {
        if (Finish is not null) throw new InvalidOperationException("The text has ended.");
        var token = given is int known ? generation.Advance(known) : generation.Advance();
        // Of tokens nothing overflows: from them it is the model that is damaged.
        if (double.IsNaN(token.LogProbability) && input.Source is { IsTokens: false }) throw new ProblemException(PredictionBody.Answer(InputEncoding.Overflow(input.Index)));
        _tokens.Add(token.Token);
        LogProbability += token.LogProbability;
        var added = _stops.Add(_stream.Next(token.Token));
        if (_stops.IsFound || generation.IsFinished) Finish = FinishReason.Stop;
        else if (_tokens.Count == options.MaxTokens) Finish = FinishReason.Length;
        if (Finish is not null && !_stops.IsFound) added += _stops.Rest();
        _text.Append(added);
        return (token, added);
    }
}
