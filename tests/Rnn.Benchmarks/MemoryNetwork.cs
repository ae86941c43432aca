using System.Numerics.Tensors;
using Rnn.Cells;
using Rnn.Kernels;
using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Training;

namespace Rnn.Benchmarks;

/// <summary>One recurrent layer and a linear head on its last state, trained on fresh sequences at every step; built from the core's layers.</summary>
internal sealed class MemoryNetwork
{
    private const int ShardRows = 16;
    private const int ValidationShards = 32;
    private const ulong TrainKey = 1;
    private const ulong ValidationKey = 2;

    private readonly MemoryTask _task;
    private readonly MemoryContestant _contestant;
    private readonly BatchShards _threads;
    private readonly ParameterSet _parameters = new();
    private readonly RecurrentStack _stack;
    private readonly Linear _head;
    private readonly Shard[] _shards;
    private readonly double[] _errors = new double[ValidationShards];
    private readonly Memory<float> _gradients;
    private readonly Optimizer _optimizer;

    public MemoryNetwork(MemoryTask task, MemoryContestant contestant, int hidden, int steps, BatchShards threads)
    {
        _task = task;
        _contestant = contestant;
        _threads = threads;
        _stack = new RecurrentStack(_parameters, "rnn.", contestant.Cell, task.Inputs, hidden, layers: 1, bidirectional: false);
        _head = new Linear(_parameters, "fc.", hidden, task.Outputs);
        _parameters.Allocate();
        var random = new RandomSource(contestant.Seed);
        _stack.Initialize(contestant.RecurrentInit, contestant.IsChrono ? ForgetBias.Chrono(steps) : contestant.ForgetBias, ref random);
        var recurrent = _parameters.Parameters[1].Values.Span;
        TensorPrimitives.Multiply(recurrent, contestant.Gain, recurrent);
        if (contestant.InputDeviation > 0) Initializers.Normal(_parameters.Parameters[0].Values.Span, contestant.InputDeviation, ref random);
        _head.Initialize(ref random);
        _gradients = AlignedMemory.Allocate(_parameters.Length);
        _optimizer = new Optimizer(new OptimizerConfig { Kind = OptimizerKind.Adam }, _parameters);
        _shards = [.. Enumerable.Range(0, Math.Max(contestant.BatchSize / ShardRows, ValidationShards)).Select(_ => new Shard(this, steps))];
        Pack();
    }

    /// <summary>Updates so far.</summary>
    public long Steps { get; private set; }

    /// <summary>One update on a fresh batch; false if loss or gradient is no longer a number.</summary>
    public bool Advance()
    {
        var count = _contestant.BatchSize / ShardRows;
        var key = RandomSource.Key(_contestant.Seed, TrainKey, (ulong)Steps);
        _threads.Run(count, i => _shards[i].Train(RandomSource.Key(key, (ulong)i)));
        _shards[0].Gradients.CopyTo(_gradients);
        for (var i = 1; i < count; i++) TensorPrimitives.Add(_gradients.Span, _shards[i].Gradients.Span, _gradients.Span);
        TensorPrimitives.Divide(_gradients.Span, count, _gradients.Span);
        var norm = Clipping.Norm(_gradients.Span);
        if (!double.IsFinite(norm)) return false;
        var rate = LearningRate.LinearWarmup(_contestant.LearningRate, Steps, _contestant.WarmupSteps);
        Steps++;
        _optimizer.Update(0, _parameters.Length, _gradients.Span, _optimizer.Numbers(Steps, rate, Clipping.Factor(norm, _contestant.ClipNorm)));
        Pack();
        return true;
    }

    /// <summary>The mean error on sequences that are never trained on, always the same.</summary>
    public double Validate()
    {
        _threads.Run(ValidationShards, i => _errors[i] = _shards[i].Error(RandomSource.Key(_contestant.Seed, ValidationKey, (ulong)i)));
        return _errors.Average();
    }

    /// <summary>How far back gradients reach from the last step, on the sequences that are never trained on.</summary>
    public GradientFlow Probe() => _shards[0].Probe(RandomSource.Key(_contestant.Seed, ValidationKey, 0));

    /// <summary>The misleading figure beside it: with a loss at every step, the gradient at the first state as a share of that at the last.</summary>
    public double SummedRatio() => _shards[0].SummedRatio(RandomSource.Key(_contestant.Seed, ValidationKey, 0));

    private void Pack()
    {
        _stack.Pack(training: true);
        _head.Pack(training: true);
    }

    /// <summary>One shard's sequences, buffers and passes.</summary>
    private sealed class Shard
    {
        private readonly MemoryNetwork _network;
        private readonly SequenceLayout _layout = new();
        private readonly Workspace _workspace = new();
        private readonly StackActivations _stack;
        private readonly float[] _answers = new float[ShardRows];
        private Memory<float> _x;

        public Shard(MemoryNetwork network, int steps)
        {
            _network = network;
            _stack = network._stack.CreateActivations();
            _layout.Assign([.. Enumerable.Repeat(steps, ShardRows)]);
            Gradients = AlignedMemory.Allocate(network._parameters.Length);
        }

        public Memory<float> Gradients { get; }

        private ReadOnlySpan<float> LastState => _stack.States[0].H.Span;

        /// <summary>Leaves the gradient of the mean loss of fresh rows.</summary>
        public void Train(ulong key)
        {
            var predictions = Forward(key);
            _network._task.Loss(predictions, _answers);
            Gradients.Span.Clear();
            _network._stack.ZeroStates(_stack.StateGradients, ShardRows, _workspace);
            _network._head.Backward(LastState, ShardRows, predictions, _stack.StateGradients[0].H.Span, Gradients.Span, _workspace);
            var dy = _workspace.RentZeroed(_layout.Tokens * _network._stack.OutputSize);
            _network._stack.Backward(dy, _layout, default, default, _stack, default, Gradients.Span, _workspace);
        }

        /// <summary>The mean error of the rows of a key.</summary>
        public double Error(ulong key)
        {
            var predictions = Forward(key);
            var (sum, outputs) = (0.0, _network._task.Outputs);
            for (var row = 0; row < ShardRows; row++) sum += _network._task.Error(predictions.Slice(row * outputs, outputs), _answers[row]);
            return sum / ShardRows;
        }

        public GradientFlow Probe(ulong key)
        {
            var predictions = Forward(key);
            _network._task.Loss(predictions, _answers);
            var cell = _network._stack.Cells[0];
            var activity = cell.Activity(_stack.Traces[0]);
            _network._stack.ZeroStates(_stack.StateGradients, ShardRows, _workspace);
            Gradients.Span.Clear();
            _network._head.Backward(LastState, ShardRows, predictions, _stack.StateGradients[0].H.Span, Gradients.Span, _workspace);
            var norms = Backward(_workspace.RentZeroed(_layout.Tokens * _network._stack.OutputSize));
            int[] last = [.. Enumerable.Repeat(_layout.Steps - 1, ShardRows)];
            return new GradientFlow
            {
                Layer = 0,
                Reverse = false,
                LagGradientNorm = norms.HByLag(last, reverse: false),
                CellLagGradientNorm = cell.HasCellState ? norms.CByLag(last, reverse: false) : [],
                SpectralRadius = SpectralRadius.Of(cell.CandidateWeights, cell.HiddenSize),
                Activity = activity,
            };
        }

        public double SummedRatio(ulong key)
        {
            Forward(key);
            var (outputs, tokens) = (_network._task.Outputs, _layout.Tokens);
            var predictions = _workspace.Rent(tokens * outputs).Span;
            _network._head.Forward(_stack.Top.Span, tokens, predictions);
            for (var t = 0; t < _layout.Steps; t++) _network._task.Loss(predictions.Slice(t * ShardRows * outputs, ShardRows * outputs), _answers);
            var dy = _workspace.RentZeroed(tokens * _network._stack.OutputSize);
            Gradients.Span.Clear();
            _network._head.Backward(_stack.Top.Span, tokens, predictions, dy.Span, Gradients.Span, _workspace);
            _network._stack.ZeroStates(_stack.StateGradients, ShardRows, _workspace);
            var norms = Backward(dy);
            var flow = _network._stack.Cells[0].HasCellState ? norms.C : norms.H;
            return flow[0] / flow[^1];
        }

        private StateGradientNorms Backward(Memory<float> dy)
        {
            var norms = new StateGradientNorms(_layout);
            _stack.GradientNorms = [norms];
            _network._stack.Backward(dy, _layout, default, default, _stack, default, Gradients.Span, _workspace);
            _stack.GradientNorms = null;
            return norms;
        }

        private Span<float> Forward(ulong key)
        {
            _workspace.Reset();
            _x = _workspace.RentZeroed(_layout.Tokens * _network._task.Inputs);
            var random = new RandomSource(key);
            for (var row = 0; row < ShardRows; row++) _answers[row] = _network._task.Draw(ref random, _layout.Steps, row, ShardRows, _x.Span);
            _network._stack.ZeroStates(_stack.States, ShardRows, _workspace);
            _network._stack.Forward(_x, _layout, default, default, _stack, _workspace);
            var predictions = _workspace.Rent(ShardRows * _network._task.Outputs).Span;
            _network._head.Forward(LastState, ShardRows, predictions);
            return predictions;
        }
    }
}
