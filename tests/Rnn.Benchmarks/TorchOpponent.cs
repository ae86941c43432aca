using Rnn.Cells;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Rnn.Benchmarks;

/// <summary>The same step in libtorch, with its own fused recurrences, clipping and Adam.</summary>
internal sealed class TorchOpponent : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TorchNetwork _network;
    private readonly TorchSharp.Modules.Parameter[] _parameters;
    private readonly optim.Optimizer _optimizer;

    public TorchOpponent(TrainCase work, int threads, IEnumerable<SafeTensor> weights)
    {
        set_num_threads(threads);
        _network = work.Network switch
        {
            LanguageModelConfig config => new TorchLanguageModel(config, work.Examples),
            SequenceClassifierConfig config => new TorchClassifier(config, work.Examples),
            TranslatorConfig config => new TorchTranslator(config, work.Examples),
            _ => throw new NotSupportedException($"{work.Name} has no opponent."),
        };
        var named = _network.Modules.SelectMany(part => part.Module.named_parameters().Select(p => (Name: part.Prefix + p.name, p.parameter))).ToDictionary(p => p.Name, p => p.parameter);
        using (no_grad())
        {
            foreach (var weight in weights) named[weight.Name].copy_(tensor(weight.Values.ToArray(), [.. weight.Shape.Select(d => (long)d)]));
        }

        _parameters = [.. named.Values];
        _optimizer = optim.Adam(_parameters, 1e-3);
    }

    /// <summary>One update; the mean loss before it.</summary>
    public double Step()
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        var loss = _network.Loss();
        loss.backward();
        nn.utils.clip_grad_norm_(_parameters, 5.0);
        _optimizer.step();
        var value = loss.item<float>();
        _network.AfterUpdate();
        return value;
    }

    public void Dispose() => _scope.Dispose();
}
