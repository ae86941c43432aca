using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Kernels;
using Rnn.Models;
using Rnn.Tensors;

namespace Rnn.Training;

/// <summary>What the forward and backward pass over a batch found.</summary>
/// <param name="Loss">Summed over the rows.</param>
/// <param name="Correct">Rows classified right.</param>
/// <param name="Tokens">Steps of all rows.</param>
internal readonly record struct StepResult(double Loss, int Correct, int Tokens);

/// <summary>
/// One update shared out over threads: each shard of the batch runs the whole recurrence alone; gradients, norm and update go by fixed blocks.
/// Every sum runs in the order of shards and blocks.
/// </summary>
internal sealed class ShardedStep
{
    private const int Block = 1 << 14;

    private readonly SequenceClassifier _model;
    private readonly TrainingConfig _config;
    private readonly BatchShards _shards;
    private readonly Shard[] _parts;
    private readonly Memory<float> _gradients;
    private readonly double[] _squares;
    private int _used;

    public ShardedStep(SequenceClassifier model, TrainingConfig config, BatchShards shards)
    {
        _model = model;
        _config = config;
        _shards = shards;
        _parts = [.. Enumerable.Range(0, (config.BatchSize + config.ShardRows - 1) / config.ShardRows).Select(_ => new Shard(model))];
        _gradients = AlignedMemory.Allocate(model.Parameters.Length);
        _squares = new double[Blocks(model.Parameters.Length)];
        Optimizer = new Adam(model.Parameters, config.WeightDecay);
    }

    public Adam Optimizer { get; }

    /// <summary>Leaves the gradient of the mean loss in the buffer.</summary>
    public StepResult ForwardBackward(SequenceSet set, int[] rows, ulong dropoutKey, ulong unknownKey)
    {
        _used = (rows.Length + _config.ShardRows - 1) / _config.ShardRows;
        float scale = 1f / rows.Length;
        _shards.Run(_used, index => _parts[index].Run(_model, set, rows, index, _used, _config, scale, dropoutKey, unknownKey));

        int dense = _model.Parameters.DenseLength;
        int denseBlocks = Blocks(dense);
        _shards.Run(denseBlocks + 1, block =>
        {
            if (block == denseBlocks) AddEmbeddingGradients();
            else SumShards(block * Block, Math.Min(Block, dense - (block * Block)));
        });

        var result = new StepResult();
        foreach (Shard part in _parts.AsSpan(0, _used))
            result = new StepResult(result.Loss + part.Loss, result.Correct + part.Correct, result.Tokens + part.Pass.Batch.Layout.Tokens);
        return result;
    }

    /// <summary>Norm of the whole gradient, block sums added in double.</summary>
    public double GradientNorm()
    {
        int length = _gradients.Length;
        _shards.Run(_squares.Length, block =>
            _squares[block] = TensorPrimitives.SumOfSquares<float>(_gradients.Span.Slice(block * Block, Math.Min(Block, length - (block * Block)))));
        return Math.Sqrt(_squares.Sum());
    }

    /// <summary>Clips, updates all weights and packs them for the next step.</summary>
    public void Update(long step, double learningRate, double norm)
    {
        double clip = _config.ClipNorm > 0 ? Math.Min(1, _config.ClipNorm / (norm + 1e-6)) : 1;
        AdamCoefficients coefficients = Optimizer.Coefficients(step, learningRate, clip);
        int length = _gradients.Length;
        _shards.Run(_squares.Length, block => Optimizer.Update(block * Block, Math.Min(Block, length - (block * Block)), _gradients.Span, coefficients));
        _shards.Run(_model.PackParts, part => _model.Pack(part, training: true));
        foreach (Shard part in _parts.AsSpan(0, _used)) _model.ClearEmbeddingGradient(part.Pass, _gradients.Span);
    }

    private static int Blocks(int length) => (length + Block - 1) / Block;

    private void SumShards(int start, int length)
    {
        Span<float> sum = _gradients.Span.Slice(start, length);
        _parts[0].Gradients.Span.Slice(start, length).CopyTo(sum);
        for (int i = 1; i < _used; i++) TensorPrimitives.Add(sum, _parts[i].Gradients.Span.Slice(start, length), sum);
    }

    private void AddEmbeddingGradients()
    {
        foreach (Shard part in _parts.AsSpan(0, _used)) _model.AddEmbeddingGradient(part.Pass, _gradients.Span);
    }

    /// <summary>One shard's buffers and results.</summary>
    private sealed class Shard(SequenceClassifier model)
    {
        private int[] _labels = [];

        public ClassifierPass Pass { get; } = model.CreatePass();

        public Memory<float> Gradients { get; } = AlignedMemory.Allocate(model.Parameters.DenseLength);

        public double Loss { get; private set; }

        public int Correct { get; private set; }

        public void Run(SequenceClassifier model, SequenceSet set, int[] rows, int index, int count, TrainingConfig config, float scale, ulong dropoutKey, ulong unknownKey)
        {
            Pass.Batch.Assign(set.Inputs, rows, index, count);
            Pass.Batch.ReplaceByUnknown(config.UnknownRate, unknownKey);
            ReadOnlySpan<int> ids = Pass.Batch.RowIds;
            if (_labels.Length < ids.Length) _labels = new int[ids.Length];
            for (int i = 0; i < ids.Length; i++) _labels[i] = set.Labels[rows[ids[i]]];
            Gradients.Span.Clear();
            (Loss, Correct) = model.ForwardBackward(Pass, _labels.AsSpan(0, ids.Length), config.LabelSmoothing, scale, dropoutKey, Gradients.Span);
        }
    }
}
