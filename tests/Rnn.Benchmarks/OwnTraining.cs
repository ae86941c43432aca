using Rnn.Models;
using Rnn.Tensors;
using Rnn.Training;

namespace Rnn.Benchmarks;

/// <summary>The core's training step as the service runs it: shards over threads, clipping, Adam, packing for the next step.</summary>
internal sealed class OwnTraining : IDisposable
{
    private readonly Network _network;
    private readonly BatchShards _shards;
    private readonly ShardedStep _step;
    private readonly TrainCase _case;
    private readonly int[] _rows;
    private long _steps;

    public OwnTraining(TrainCase work, int threads)
    {
        _case = work;
        _network = work.Network.Build();
        _network.Initialize(1);
        _network.Pack(training: true);
        _shards = new BatchShards(threads);
        _rows = [.. Enumerable.Range(0, work.Examples.Count)];
        _step = new ShardedStep(_network, new TrainingConfig { BatchSize = _rows.Length, ShardRows = work.ShardRows, ClipNorm = 5 }, _rows.Length, work.CarriesState, _shards);
    }

    public IEnumerable<SafeTensor> Weights => _network.Parameters.AsTensors(_network.Parameters.Values);

    /// <summary>One update; the mean loss before it.</summary>
    public double Step()
    {
        var (result, weight) = _step.ForwardBackward(_case.Examples, [_rows], 0, 0, 0);
        _step.Update(++_steps, 1e-3, _step.GradientNorm(), measuresSize: false);
        return result.Loss / weight;
    }

    public void Dispose() => _shards.Dispose();
}
