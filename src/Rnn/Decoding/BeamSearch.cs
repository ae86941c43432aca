using System.Numerics.Tensors;
using Rnn.Layers;
using Rnn.Models;

namespace Rnn.Decoding;

/// <summary>A text as tokens.</summary>
/// <param name="Tokens">With the end token, if it was reached.</param>
/// <param name="LogProbability">Of all tokens together, in nats.</param>
/// <param name="IsFinished">Whether the end token was reached.</param>
/// <param name="State">The state after the last token that was read back, for going on.</param>
public sealed record Hypothesis(IReadOnlyList<int> Tokens, double LogProbability, bool IsFinished, ReadOnlyMemory<float> State)
{
    /// <summary>Log-probability by the length penalty <c>((5 + length) / 6)^α</c> (Wu et al. 2016, eq. 14; no coverage penalty).</summary>
    public double Score(double alpha) => LogProbability / Math.Pow((5.0 + Tokens.Count) / 6, alpha);
}

/// <summary>
/// Beam search: the most probable texts, <c>width</c> at a time. In each round all continuations are ordered by log-probability (ties: the hypothesis, then the token that comes
/// first); an end counts if it is among the first <c>width</c>; the best <c>width</c> others go on. It is over when as many have ended, or at the longest length.
/// </summary>
public sealed class BeamSearch
{
    private readonly TokenDecoder _decoder;
    private readonly int _width;
    private readonly IReadOnlyList<int> _forbidden;
    private readonly float[] _logits;
    private readonly float[] _states;
    private readonly List<Hypothesis> _finished = [];
    private List<Hypothesis> _live = [];
    private int _first;

    /// <param name="decoder">What emits; its rows are the hypotheses.</param>
    /// <param name="width">Hypotheses that are followed at once; 1 is greedy but for ties.</param>
    /// <param name="forbidden">Tokens never emitted.</param>
    public BeamSearch(TokenDecoder decoder, int width, IReadOnlyList<int>? forbidden = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        _decoder = decoder;
        _width = width;
        _forbidden = forbidden ?? [];
        _logits = new float[width * decoder.Outputs];
        _states = new float[width * decoder.StateSize];
    }

    /// <summary>The best hypotheses, at most <c>width</c>, by falling score.</summary>
    /// <param name="state">The state before the first step.</param>
    /// <param name="first">What the first step reads.</param>
    /// <param name="maxTokens">Longest text.</param>
    /// <param name="alpha">Length penalty; 0 compares log-probabilities as they are.</param>
    /// <param name="cancellationToken">Nobody waits for the answer any more.</param>
    public IReadOnlyList<Hypothesis> Search(ReadOnlySpan<float> state, int first, int maxTokens, double alpha, CancellationToken cancellationToken = default)
    {
        Begin(state, first);
        for (int length = 1; length <= maxTokens && !IsFinished; length++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Extend();
        }

        return Best(alpha);
    }

    /// <summary>Begins a search that the caller drives, one <see cref="Extend"/> a round.</summary>
    /// <param name="state">The state before the first step.</param>
    /// <param name="first">What the first step reads.</param>
    public void Begin(ReadOnlySpan<float> state, int first)
    {
        _first = first;
        _finished.Clear();
        _live = [new([], 0, false, state.ToArray())];
    }

    /// <summary>Whether enough hypotheses have ended, or all.</summary>
    public bool IsFinished => _finished.Count >= _width || _live.Count == 0;

    /// <summary>The best hypotheses so far, at most <c>width</c>, by falling score; those that have not ended only if too few have.</summary>
    /// <param name="alpha">Length penalty; 0 compares log-probabilities as they are.</param>
    public IReadOnlyList<Hypothesis> Best(double alpha) =>
        [.. _finished.Concat(IsFinished ? [] : _live).OrderByDescending(hypothesis => hypothesis.Score(alpha)).Take(_width)];

    /// <summary>One round: every hypothesis that has not ended gets one token more.</summary>
    public void Extend()
    {
        List<Hypothesis> live = _live;
        int[] tokens = [.. live.Select(hypothesis => hypothesis.Tokens.Count == 0 ? _first : hypothesis.Tokens[^1])];
        for (int row = 0; row < live.Count; row++) live[row].State.Span.CopyTo(_states.AsSpan(row * _decoder.StateSize));
        Span<float> states = _states.AsSpan(0, live.Count * _decoder.StateSize);
        Span<float> logits = _logits.AsSpan(0, live.Count * _decoder.Outputs);
        _decoder.Advance(tokens, states, logits);
        var next = new List<Hypothesis>(_width);
        int rank = 0;
        foreach ((int row, int token, double logProbability) in Continuations(live, logits))
        {
            bool isEnd = token == _decoder.End;
            if (isEnd ? rank < _width : next.Count < _width)
                (isEnd ? _finished : next).Add(new Hypothesis([.. live[row].Tokens, token], logProbability, isEnd, states.Slice(row * _decoder.StateSize, _decoder.StateSize).ToArray()));
            rank++;
        }

        _live = next;
    }

    /// <summary>The 2 × width most probable continuations: enough, whatever number of them are ends.</summary>
    private List<(int Row, int Token, double LogProbability)> Continuations(List<Hypothesis> live, Span<float> logits)
    {
        var best = new List<(int Row, int Token, double LogProbability)>((2 * _width) + 1);
        for (int row = 0; row < live.Count; row++)
        {
            Span<float> values = logits.Slice(row * _decoder.Outputs, _decoder.Outputs);
            foreach (int token in _forbidden) values[token] = float.NegativeInfinity;
            double total = live[row].LogProbability - CrossEntropy.LogSum(values);
            for (int token = 0; token < values.Length; token++)
            {
                double logProbability = total + values[token];
                // Rows and tokens come in the order that breaks ties, so an equal one stays behind.
                if (best.Count == 2 * _width && !(logProbability > best[^1].LogProbability)) continue;
                int at = best.Count;
                while (at > 0 && logProbability > best[at - 1].LogProbability) at--;
                best.Insert(at, (row, token, logProbability));
                if (best.Count > 2 * _width) best.RemoveAt(2 * _width);
            }
        }

        best.RemoveAll(continuation => double.IsNegativeInfinity(continuation.LogProbability));
        return best;
    }
}
