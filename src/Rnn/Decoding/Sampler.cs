using System.Numerics.Tensors;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Decoding;

/// <summary>From logits to a token: repetition penalty, temperature, top-k, top-p, in this order; equal probabilities in the order of their ids. Buffers are its own: one thread at a time.</summary>
public sealed class Sampler(SamplingConfig config, int outputs)
{
    private readonly float[] _probabilities = new float[outputs];
    private readonly int[] _heap = new int[outputs];
    private readonly int[] _seenIn = new int[outputs];
    private int _round;

    /// <summary>The distribution that the next token is drawn from; what was dropped is exactly 0. Valid until the next call.</summary>
    /// <param name="logits"><c>[V]</c>.</param>
    /// <param name="emitted">Tokens the repetition penalty counts.</param>
    public ReadOnlySpan<float> Probabilities(ReadOnlySpan<float> logits, ReadOnlySpan<int> emitted = default)
    {
        logits.CopyTo(_probabilities);
        Penalise(emitted);
        // Or one that a float cannot hold.
        if ((float)config.Temperature == 0)
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
        if (config.TopK > 0 && config.TopK < outputs) Keep(config.TopK, double.PositiveInfinity);
        if (config.TopP < 1) Keep(outputs, config.TopP);
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
        _round++;
        foreach (int token in emitted)
        {
            if (_seenIn[token] == _round) continue;
            _seenIn[token] = _round;
            ref float logit = ref _probabilities[token];
            logit = logit > 0 ? logit / (float)config.RepetitionPenalty : logit * (float)config.RepetitionPenalty;
        }
    }

    /// <summary>Keeps the most probable tokens until there are <paramref name="most"/> or their sum is <paramref name="enough"/>, and makes their sum 1 again. A heap orders no more of them than are kept.</summary>
    private void Keep(int most, double enough)
    {
        int count = 0;
        for (int token = 0; token < outputs; token++)
            if (_probabilities[token] > 0) _heap[count++] = token;
        Span<int> heap = _heap.AsSpan(0, count);
        for (int at = (count / 2) - 1; at >= 0; at--) Sink(heap, at);
        double sum = 0;
        for (int kept = 0; kept < most && heap.Length > 0 && !(kept > 0 && sum >= enough); kept++)
        {
            sum += _probabilities[heap[0]];
            heap[0] = heap[^1];
            heap = heap[..^1];
            if (heap.Length > 0) Sink(heap, 0);
        }

        foreach (int token in heap) _probabilities[token] = 0;
        TensorPrimitives.Divide(_probabilities, (float)sum, _probabilities);
    }

    private void Sink(Span<int> heap, int at)
    {
        int token = heap[at];
        for (int child = (2 * at) + 1; child < heap.Length; child = (2 * at) + 1)
        {
            if (child + 1 < heap.Length && IsBefore(heap[child + 1], heap[child])) child++;
            if (!IsBefore(heap[child], token)) break;
            heap[at] = heap[child];
            at = child;
        }

        heap[at] = token;
    }

    private bool IsBefore(int a, int b) => _probabilities[a] == _probabilities[b] ? a < b : _probabilities[a] > _probabilities[b];
}
