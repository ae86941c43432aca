using System.Numerics.Tensors;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Kernels;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tensors;

namespace Rnn.Training;

/// <summary>
/// One update shared out over threads: each shard of a batch runs the whole recurrence alone; gradients, norm and update go by fixed blocks.
/// Every sum runs in the order of shards and blocks.
/// </summary>
internal sealed class ShardedStep
{
    private const int Block = 1 << 14;

    private readonly Network _network;
    private readonly TrainingConfig _config;
    private readonly Objective _objective;
    private readonly BatchShards _shards;
    private readonly Shard[] _parts;
    private readonly Memory<float> _gradients;
    private readonly double[] _squares;
    private readonly int[] _summedBlocks;
    private readonly int[] _lateBlocks;
    private float[]? _before;
    private int _used;

    public ShardedStep(Network network, TrainingConfig config, int batchRows, bool carriesState, BatchShards shards)
    {
        _network = network;
        _config = config;
        _objective = new Objective(config.LabelSmoothing, config.ClassWeights);
        _shards = shards;
        CarriedStates = carriesState ? new float[batchRows * network.CarriedStateSize] : [];
        _gradients = AlignedMemory.Allocate(network.Parameters.Length);
        int dense = network.Parameters.DenseLength;
        // One batch to an update: the first shard's gradient may lie where all are summed.
        _parts = [.. Enumerable.Range(0, (batchRows + config.ShardRows - 1) / config.ShardRows)
            .Select(i => new Shard(network, CarriedStates, i == 0 && config.AccumulateSteps == 1 ? _gradients[..dense] : AlignedMemory.Allocate(dense)))];
        _squares = new double[Blocks(network.Parameters.Length)];
        _summedBlocks = [.. Enumerable.Range(0, Blocks(dense)).Where(block => !_parts[0].Tables.Any(table => Holds(table.Parameters.Weight, block)))];
        _lateBlocks = [.. Enumerable.Range(0, _squares.Length).Where(IsLate)];
        Optimizer = new Optimizer(config.Optimizer, network.Parameters);
    }

    public Optimizer Optimizer { get; }

    /// <summary>Floats held for gradients, the optimizer and the passes so far.</summary>
    public long Length => _gradients.Length + Optimizer.State.Sum(state => (long)state.Values.Length) + _parts.Sum(part => part.Pass.ScratchLength)
        + ((_parts.Length - (_config.AccumulateSteps == 1 ? 1L : 0)) * _network.Parameters.DenseLength);

    /// <summary>States carried from window to window of a stream, <c>[rows, CarriedStateSize]</c>; empty for independent examples.</summary>
    public float[] CarriedStates { get; }

    /// <summary>Leaves the gradient of the mean loss over the targets of all <paramref name="batches"/> in the buffer; also returns what the mean divides by.</summary>
    public (PassResult Result, double Weight) ForwardBackward(ExampleSet set, ReadOnlySpan<int[]> batches, float chosenRate, ulong dropoutKey, ulong unknownKey)
    {
        double weight = WeightSum(set, batches);
        float scale = weight > 0 ? (float)(1 / weight) : 0;
        var result = new PassResult();
        for (int i = 0; i < batches.Length; i++)
        {
            int[] rows = batches[i];
            int used = (rows.Length + _config.ShardRows - 1) / _config.ShardRows;
            ulong batch = (ulong)i;
            bool adds = i > 0;
            _used = used;
            _shards.Run(used, index => _parts[index].Run(set, rows, index, used, _config.UnknownRate, chosenRate, _objective, scale, dropoutKey + batch, unknownKey + batch));
            SumShards(adds);
            foreach (Shard part in _parts.AsSpan(0, used)) result += part.Result;
        }

        return (result, weight);
    }

    /// <summary>Norm of the whole gradient of the last <see cref="ForwardBackward"/>, block sums added in double. Before <see cref="Update"/>.</summary>
    public double GradientNorm() => NormOf(_gradients, _lateBlocks);

    /// <summary>Clips, updates all weights and packs them for the next step; says how large the update was, if asked.</summary>
    public UpdateSize? Update(long step, double learningRate, double norm, bool measuresSize)
    {
        int length = _gradients.Length, dense = _network.Parameters.DenseLength;
        if (measuresSize) _network.Parameters.Values.Span.CopyTo(_before ??= new float[length]);
        double limit = _config.ClipValue > 0 ? _config.ClipValue : double.PositiveInfinity;
        UpdateNumbers numbers = Optimizer.Numbers(step, learningRate, Clipping.Factor(norm, _config.ClipNorm), limit);
        _shards.Run(_squares.Length, block =>
        {
            int start = block * Block;
            Optimizer.Update(start, Math.Min(Block, length - start), _gradients.Span, numbers);
            // A shard may add to it next; what is sparse is cleared by rows.
            if (start < dense) _gradients.Span.Slice(start, Math.Min(Block, dense - start)).Clear();
        });
        _shards.Run(_network.PackParts, part => _network.Pack(part, training: true));
        ClearSparseGradients();
        return measuresSize ? Size() : null;
    }

    /// <summary>Drops a gradient that no update used up, or that shards were left with: the next pass would add to it.</summary>
    public void ForgetGradient()
    {
        _gradients.Span.Clear();
        foreach (Shard part in _parts) part.Gradients.Span.Clear();
    }

    private UpdateSize Size()
    {
        double weightNorm = NormOf(_before);
        TensorPrimitives.Subtract(_network.Parameters.Values.Span, _before, _before);
        return new UpdateSize(weightNorm, NormOf(_before));
    }

    /// <summary>Over all parameters, block sums added in double; some <paramref name="blocks"/> or all of them are squared first.</summary>
    private double NormOf(ReadOnlyMemory<float> values, int[]? blocks = null)
    {
        _shards.Run(blocks?.Length ?? _squares.Length, i =>
        {
            int block = blocks?[i] ?? i, start = block * Block;
            _squares[block] = TensorPrimitives.SumOfSquares(values.Span.Slice(start, Math.Min(Block, values.Length - start)));
        });
        return Math.Sqrt(_squares.Sum());
    }

    /// <summary>Whether a block's gradient is more than the sum of the shards' dense ones.</summary>
    private bool IsLate(int block)
    {
        int start = block * Block, end = Math.Min(start + Block, _gradients.Length);
        return end > _network.Parameters.DenseLength
            || _parts[0].Tables.Any(table => Meets(table.Parameters.Weight) || Meets(table.Parameters.Embedding));
        bool Meets(Parameter parameter) => parameter.Offset < end && parameter.Offset + parameter.Length > start;
    }

    private static bool Holds(Parameter parameter, int block) => parameter.Offset <= block * Block && parameter.Offset + parameter.Length >= (block + 1) * Block;

    private static int Blocks(int length) => (length + Block - 1) / Block;

    private double WeightSum(ExampleSet set, ReadOnlySpan<int[]> batches)
    {
        double sum = 0;
        foreach (int[] rows in batches)
            foreach (int row in rows) sum += CrossEntropy.WeightSum(set.Targets[row].Span, _config.ClassWeights.Span);
        return sum;
    }

    private void SumShards(bool adds)
    {
        RecurrentCell.TableGradient[] tables = _parts[0].Tables;
        _shards.Run(_summedBlocks.Length + 1 + RecurrentCell.TableGradient.Parts, piece =>
        {
            if (piece < _summedBlocks.Length) SumBlock(_summedBlocks[piece], adds);
            else if (piece == _summedBlocks.Length) AddSparseGradients();
            else AddTables(piece - _summedBlocks.Length - 1);
        });
        if (tables.Length == 0) return;
        _shards.Run(RecurrentCell.TableGradient.Parts, part =>
        {
            foreach (RecurrentCell.TableGradient table in tables) table.Multiply(part, _gradients.Span);
        });
    }

    /// <summary>Leaves nothing in the shards.</summary>
    private void SumBlock(int block, bool adds)
    {
        int start = block * Block, length = Math.Min(Block, _network.Parameters.DenseLength - start);
        Span<float> sum = _gradients.Span.Slice(start, length);
        for (int i = 0; i < _used; i++)
        {
            Span<float> part = _parts[i].Gradients.Span.Slice(start, length);
            if (part == sum) continue;
            if (i > 0 || adds) TensorPrimitives.Add(sum, part, sum);
            else part.CopyTo(sum);
            // While it is near: the next pass adds to it.
            part.Clear();
        }

        _squares[block] = TensorPrimitives.SumOfSquares<float>(sum);
    }

    private void AddTables(int part)
    {
        foreach (Shard shard in _parts.AsSpan(1, _used - 1))
            for (int i = 0; i < shard.Tables.Length; i++) _parts[0].Tables[i].Add(part, shard.Tables[i]);
    }

    private void AddSparseGradients()
    {
        foreach (Shard part in _parts.AsSpan(0, _used)) part.Pass.AddSparseGradients(_gradients.Span);
    }

    private void ClearSparseGradients()
    {
        // The passes know the rows of their last batch only.
        if (_config.AccumulateSteps > 1) _gradients.Span[_network.Parameters.DenseLength..].Clear();
        else foreach (Shard part in _parts.AsSpan(0, _used)) part.Pass.ClearSparseGradients(_gradients.Span);
    }

    /// <summary>One shard's buffers and results.</summary>
    private sealed class Shard
    {
        public Shard(Network network, Memory<float> carriedStates, Memory<float> gradients)
        {
            Pass = network.CreatePass();
            Pass.CarriedStates = carriedStates;
            Gradients = gradients;
            Tables = [.. Pass.Tables];
        }

        public NetworkPass Pass { get; }

        public RecurrentCell.TableGradient[] Tables { get; }

        public Memory<float> Gradients { get; }

        public PassResult Result { get; private set; }

        public void Run(ExampleSet set, int[] rows, int index, int count, float unknownRate, float chosenRate, Objective objective, float scale, ulong dropoutKey, ulong unknownKey)
        {
            Pass.Assign(set, rows, index, count);
            Pass.ReplaceByUnknown(unknownRate, unknownKey);
            Pass.ReplaceByChosen(chosenRate, RandomSource.Key(unknownKey, 1));
            Result = Pass.ForwardBackward(objective, scale, dropoutKey, Gradients.Span);
        }
    }
}
