using System.Numerics.Tensors;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Decoding;

/// <summary>From logits to a token: repetition penalty, temperature, top-k, top-p, in this order; equal probabilities in the order of their ids. Buffers are its own: one thread at a time.</summary>
public sealed class Sampler(SamplingConfig config, int outputs)
{
    private readonly float[] _probabilities = new float[outputs];
    private readonly int[] _order = new int[outputs];

    /// <summary>The distribution that the next token is drawn from; what was dropped is exactly 0. Valid until the next call.</summary>
    /// <param name="logits"><c>[V]</c>.</param>
    /// <param name="emitted">Tokens the repetition penalty counts.</param>
    public ReadOnlySpan<float> Probabilities(ReadOnlySpan<float> logits, ReadOnlySpan<int> emitted = default)
    {
        logits.CopyTo(_probabilities);
        Penalise(emitted);
        if (config.Temperature == 0)
        {
            int best = TensorPrimitives.IndexOfMax<float>(_probabilities);
            Array.Clear(_probabilities);
            _probabilities[best] = 1;
            return _probabilities;
        }

        // Taking off the maximum first keeps a tiny temperature from overflowing.
        TensorPrimitives.Subtract(_probabilities, TensorPrimitives.Max<float>(_probabilities), _probabilities);
        TensorPrimitives.Divide(_probabilities, (float)config.Temperature, _probabilities);
        CrossEntropy.Softmax(_probabilities, _probabilities);
        if (config.TopK > 0 && config.TopK < outputs) Keep(_ => false, config.TopK);
        if (config.TopP < 1) Keep(sum => sum >= config.TopP, outputs);
        return _probabilities;
    }

    /// <summary>Draws a token from what <see cref="Probabilities"/> returned.</summary>
    public static int Draw(ReadOnlySpan<float> probabilities, ref RandomSource random)
    {
        double rest = random.NextDouble() * TensorPrimitives.Sum(probabilities);
        int last = 0;
        for (int token = 0; token < probabilities.Length; token++)
        {
            if (probabilities[token] == 0) continue;
            last = token;
            rest -= probabilities[token];
            if (rest < 0) break;
        }

        return last;
    }

    private void Penalise(ReadOnlySpan<int> emitted)
    {
        if (config.RepetitionPenalty == 1) return;
        var seen = new HashSet<int>();
        foreach (int token in emitted)
        {
            if (!seen.Add(token)) continue;
            ref float logit = ref _probabilities[token];
            logit = logit > 0 ? logit / (float)config.RepetitionPenalty : logit * (float)config.RepetitionPenalty;
        }
    }

    /// <summary>Keeps the most probable tokens until there are <paramref name="most"/> or their sum is enough, and makes their sum 1 again.</summary>
    private void Keep(Func<double, bool> isEnough, int most)
    {
        for (int i = 0; i < _order.Length; i++) _order[i] = i;
        Array.Sort(_order, (a, b) => _probabilities[a] == _probabilities[b] ? a.CompareTo(b) : _probabilities[b].CompareTo(_probabilities[a]));
        double sum = 0;
        int kept = 0;
        while (kept < most && !(kept > 0 && isEnough(sum))) sum += _probabilities[_order[kept++]];
        foreach (int token in _order.AsSpan(kept)) _probabilities[token] = 0;
        TensorPrimitives.Divide(_probabilities, (float)sum, _probabilities);
    }
}
