using System.Runtime.InteropServices;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tensors;

namespace Rnn.Decoding;

/// <summary>Where a text stands: the state of the network and the token it will read next. A value: copying it forks the text.</summary>
/// <param name="Values">The network's state, <c>[StateSize]</c>.</param>
/// <param name="Next">The token to read next.</param>
public readonly record struct GenerationState(ReadOnlyMemory<float> Values, int Next);

/// <summary>One step of a text.</summary>
/// <param name="Read">The token that was read; <see cref="Sequence.NoId"/> for nothing.</param>
/// <param name="Token">The token that was chosen.</param>
/// <param name="LogProbability">Its log-probability in the network's own distribution, in nats.</param>
public readonly record struct GeneratedToken(int Read, int Token, double LogProbability);

/// <summary>
/// A text that grows token by token: the first step reads what comes before the text, every later one what was chosen before it.
/// The same seed draws the same text on any machine that computes the same logits.
/// </summary>
public sealed class Generation
{
    private readonly TokenDecoder _decoder;
    private readonly Sampler _sampler;
    private readonly int[] _forbidden;
    private readonly float[] _state;
    private readonly float[] _logits;
    // What a repetition penalty counts, each token once, so that there is an end to it; empty without a penalty.
    private readonly List<int> _read;
    private readonly bool[] _isRead;
    private RandomSource _random;
    private int _next;

    /// <param name="decoder">What emits.</param>
    /// <param name="config">How tokens are chosen.</param>
    /// <param name="seed">Seed of the draws.</param>
    /// <param name="forbidden">Tokens never chosen.</param>
    /// <param name="from">Where to go on; null starts a text.</param>
    public Generation(TokenDecoder decoder, SamplingConfig config, ulong seed, IReadOnlyList<int>? forbidden = null, GenerationState? from = null)
    {
        _decoder = decoder;
        _sampler = new Sampler(config, decoder.Outputs);
        _forbidden = [.. forbidden ?? []];
        _random = new RandomSource(RandomSource.Key(seed, 0));
        _state = new float[decoder.StateSize];
        _logits = new float[decoder.Outputs];
        _isRead = new bool[config.RepetitionPenalty == 1 ? 0 : decoder.Outputs];
        _read = new List<int>(_isRead.Length);
        _next = from?.Next ?? decoder.Begin;
        if (from is null) decoder.Start(_state);
        else from.Value.Values.CopyTo(_state);
    }

    private Generation(Generation origin, ulong seed)
    {
        _decoder = origin._decoder;
        _sampler = origin._sampler;
        _forbidden = origin._forbidden;
        _random = new RandomSource(RandomSource.Key(seed, 0));
        _state = [.. origin._state];
        _logits = new float[origin._logits.Length];
        _isRead = [.. origin._isRead];
        _read = new List<int>(_isRead.Length);
        _read.AddRange(origin._read);
        _next = origin._next;
        IsFinished = origin.IsFinished;
    }

    /// <summary>Where it stands now; a copy.</summary>
    public GenerationState State => new(_state.ToArray(), _next);

    /// <summary>Whether the end token was chosen.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>The logits of the last step <c>[V]</c>, forbidden tokens at -∞.</summary>
    public ReadOnlySpan<float> Logits => _logits;

    /// <summary>Length of the vector that is the network's state, h and c of all layers.</summary>
    public double StateNorm => Math.Sqrt(_state.Sum(value => (double)value * value));

    /// <summary>Attention weights of the decoder's last step <c>[S]</c>; empty without attention.</summary>
    public ReadOnlySpan<float> AttentionWeights => _decoder.AttentionWeights;

    /// <summary>Reads given tokens as if they had been chosen: the prompt.</summary>
    public void Read(ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
        {
            if (_next >= 0) _decoder.Advance([_next], _state, _logits);
            Remember(token);
            _next = token;
        }
    }

    /// <summary>Another text that goes on from here, with draws of its own. Both advance by turns on one thread.</summary>
    public Generation Fork(ulong seed) => new(this, seed);

    /// <summary>Reads the token before, chooses the next.</summary>
    /// <exception cref="InvalidOperationException">The text has ended.</exception>
    public GeneratedToken Advance()
    {
        Step();
        ReadOnlySpan<float> probabilities = _sampler.Probabilities(_logits, CollectionsMarshal.AsSpan(_read));
        return Choose(Sampler.Draw(probabilities, ref _random));
    }

    /// <summary>Reads the token before; the next is not drawn but given, for example by a beam.</summary>
    /// <exception cref="InvalidOperationException">The text has ended.</exception>
    public GeneratedToken Advance(int token)
    {
        Step();
        return Choose(token);
    }

    private void Step()
    {
        if (IsFinished) throw new InvalidOperationException("The text has ended.");
        _decoder.Advance([_next], _state, _logits);
        foreach (int token in _forbidden) _logits[token] = float.NegativeInfinity;
    }

    private void Remember(int token)
    {
        if (_isRead.Length == 0 || _isRead[token]) return;
        _isRead[token] = true;
        _read.Add(token);
    }

    private GeneratedToken Choose(int token)
    {
        int read = _next;
        _next = token;
        Remember(token);
        IsFinished = token == _decoder.End;
        return new GeneratedToken(read, token, _logits[token] - CrossEntropy.LogSum(_logits));
    }
}
