using Rnn.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Rnn.Benchmarks;

/// <summary>The same step in libtorch, with its own fused LSTM, clipping and Adam.</summary>
internal sealed class TorchOpponent : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TorchSharp.Modules.Embedding _embedding;
    private readonly TorchSharp.Modules.LSTM _lstm;
    private readonly TorchSharp.Modules.Linear _head;
    private readonly TorchSharp.Modules.Parameter[] _parameters;
    private readonly optim.Optimizer _optimizer;
    private readonly Tensor _ids;
    private readonly Tensor _labels;

    public TorchOpponent(TrainBenchmark.Case size, int threads, IEnumerable<SafeTensor> weights)
    {
        set_num_threads(threads);
        _embedding = nn.Embedding(size.Vocabulary, size.Embedding);
        _lstm = nn.LSTM(size.Embedding, size.Hidden);
        _head = nn.Linear(size.Hidden, size.Classes);
        var named = _embedding.named_parameters().Select(p => ($"embedding.{p.name}", p.parameter))
            .Concat(_lstm.named_parameters().Select(p => ($"rnn.{p.name}", p.parameter)))
            .Concat(_head.named_parameters().Select(p => ($"fc.{p.name}", p.parameter))).ToDictionary(p => p.Item1, p => p.parameter);
        using (no_grad())
        {
            foreach (var weight in weights) named[weight.Name].copy_(tensor(weight.Values.ToArray(), [.. weight.Shape.Select(d => (long)d)]));
        }

        _parameters = [.. named.Values];
        _optimizer = optim.Adam(_parameters, 1e-3);
        var (ids, labels) = OwnTraining.Batch(size);
        _ids = tensor(Enumerable.Range(0, size.Steps).SelectMany(t => ids.Select(row => (long)row[t])).ToArray(), [size.Steps, size.Rows]);
        _labels = tensor(labels.Select(l => (long)l).ToArray());
    }

    /// <summary>One update; the mean loss before it.</summary>
    public double Step()
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        var (_, h, _) = _lstm.forward(_embedding.forward(_ids));
        var loss = nn.functional.cross_entropy(_head.forward(h[0]), _labels);
        loss.backward();
        nn.utils.clip_grad_norm_(_parameters, 5.0);
        _optimizer.step();
        return loss.item<float>();
    }

    public void Dispose() => _scope.Dispose();
}
