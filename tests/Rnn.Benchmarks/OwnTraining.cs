#if TORCH
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tensors;
using Rnn.Training;

namespace Rnn.Benchmarks;

/// <summary>The core's training step as the service runs it: shards over threads, clipping, Adam, packing for the next step.</summary>
internal sealed class OwnTraining : IDisposable
{
    private readonly SequenceClassifier _model;
    private readonly BatchShards _shards;
    private readonly ShardedStep _step;
    private readonly ExampleSet _set;
    private readonly int[] _rows;
    private long _steps;

    public OwnTraining(TrainBenchmark.Case size, int threads)
    {
        _model = new SequenceClassifier(new SequenceClassifierConfig
        {
            Encoder = new() { VocabularySize = size.Vocabulary, EmbeddingSize = size.Embedding, Cell = CellKind.Lstm, HiddenSize = size.Hidden },
            Pooling = PoolingKind.Last,
            Classes = size.Classes,
        });
        _model.Initialize(1);
        _model.Pack(training: true);
        _shards = new BatchShards(threads);
        _step = new ShardedStep(_model, new TrainingConfig { BatchSize = size.Rows, ClipNorm = 5 }, size.Rows, carriesState: false, _shards);
        var (ids, labels) = Batch(size);
        _set = ExampleSet.OfClasses([.. ids.Select(row => Sequence.OfTokens(row, 1))], labels);
        _rows = [.. Enumerable.Range(0, size.Rows)];
    }

    public IEnumerable<SafeTensor> Weights => _model.Parameters.AsTensors(_model.Parameters.Values);

    /// <summary>The batch both sides train on: row by row its tokens, and its classes.</summary>
    public static (int[][] Ids, int[] Labels) Batch(TrainBenchmark.Case size)
    {
        var random = new Random(7);
        return ([.. Enumerable.Range(0, size.Rows).Select(_ => Enumerable.Range(0, size.Steps).Select(_ => random.Next(size.Vocabulary)).ToArray())],
            [.. Enumerable.Range(0, size.Rows).Select(_ => random.Next(size.Classes))]);
    }

    /// <summary>One update; the mean loss before it.</summary>
    public double Step()
    {
        var (result, weight) = _step.ForwardBackward(_set, [_rows], 0, 0, 0);
        _step.Update(++_steps, 1e-3, _step.GradientNorm());
        return result.Loss / weight;
    }

    public void Dispose() => _shards.Dispose();
}
#endif
