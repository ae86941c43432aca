using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>The shape of a <see cref="VectorClassifier"/>.</summary>
public sealed record VectorClassifierConfig : NetworkConfig
{
    /// <summary>Values of the vector (F).</summary>
    public required int FeatureSize { get; init; }

    /// <summary>Units of a hidden layer (H).</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Hidden layers.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Whether hidden units are rectified instead of squashed by tanh.</summary>
    public bool Relu { get; init; }

    /// <summary>Dropout after each hidden layer.</summary>
    public float Dropout { get; init; }

    /// <summary>Classes (C), at least 2.</summary>
    public required int Classes { get; init; }

    /// <inheritdoc/>
    public override Network Build() => new VectorClassifier(this);
}

/// <summary>
/// One to one: a vector in, a class out; what is left of the recurrence when there is one step and no state: <c>h = tanh(W x + b)</c>.
/// Weights: <c>hidden.0.*</c>, <c>hidden.1.*</c>, …, <c>fc.*</c>.
/// </summary>
public sealed class VectorClassifier : Network
{
    private readonly Linear[] _hidden;
    private readonly OutputHead _head;

    /// <summary>Lays out the parameters.</summary>
    public VectorClassifier(VectorClassifierConfig config)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(config.Layers);
        Config = config;
        _hidden = [.. Enumerable.Range(0, config.Layers).Select(i => new Linear(Parameters, $"hidden.{i}.", i == 0 ? config.FeatureSize : config.HiddenSize, config.HiddenSize))];
        _head = new OutputHead(Parameters, "fc.", config.HiddenSize, config.Classes);
        Complete([.. _hidden, .. _head.Packables]);
    }

    /// <inheritdoc/>
    public override VectorClassifierConfig Config { get; }

    /// <inheritdoc/>
    public override int Outputs => Config.Classes;

    /// <inheritdoc/>
    public override void Initialize(ulong seed)
    {
        var random = new RandomSource(seed);
        foreach (Linear layer in _hidden) layer.Initialize(ref random);
        _head.Initialize(ref random);
    }

    /// <inheritdoc/>
    public override NetworkPass CreatePass() => new Pass(this);

    /// <inheritdoc/>
    public override void ScaleLogits(Span<float> values, float factor) => _head.Scale(values, factor);

    private sealed class Pass(VectorClassifier network) : NetworkPass(network._head)
    {
        private readonly Batch _batch = new();
        // Input, then what each hidden layer gives after dropout: [rows, ·].
        private readonly Memory<float>[] _layers = new Memory<float>[network._hidden.Length + 1];
        // What each hidden layer gives before dropout.
        private readonly Memory<float>[] _active = new Memory<float>[network._hidden.Length];

        public override int Tokens => _batch.Layout.Rows;

        public override void Assign(ExampleSet examples, ReadOnlySpan<int> rows, int first = 0, int stride = 1)
        {
            _batch.Assign(examples.Inputs, rows, first, stride);
            if (_batch.Layout.Steps != 1) throw new ArgumentException($"A vector classifier reads one vector, not a sequence of {_batch.Layout.Steps}.", nameof(examples));
            Span<int> targets = ReserveTargets(_batch.Layout.Rows);
            for (int i = 0; i < targets.Length; i++) targets[i] = examples.ClassOf(rows[_batch.RowIds[i]]);
        }

        private protected override Memory<float> Features(ulong? dropoutKey)
        {
            Workspace.Reset();
            int rows = _batch.Layout.Rows;
            _layers[0] = Workspace.Rent(rows * network.Config.FeatureSize);
            _batch.Frames.CopyTo(_layers[0].Span);
            for (int i = 0; i < _active.Length; i++)
            {
                _active[i] = Workspace.Rent(rows * network.Config.HiddenSize);
                network._hidden[i].Forward(_layers[i].Span, rows, _active[i].Span);
                Activate(_active[i].Span);
                _layers[i + 1] = Workspace.Rent(_active[i].Length);
                _active[i].CopyTo(_layers[i + 1]);
                ApplyDropout(_layers[i + 1].Span, dropoutKey, i);
            }

            return _layers[^1];
        }

        private protected override void Backward(Memory<float> dFeatures, ulong? dropoutKey, Span<float> gradients)
        {
            Memory<float> d = dFeatures;
            for (int i = _active.Length - 1; i >= 0; i--)
            {
                ApplyDropout(d.Span, dropoutKey, i);
                TimesSlope(_active[i].Span, d.Span);
                Memory<float> below = i == 0 ? default : Workspace.Rent(_layers[i].Length);
                network._hidden[i].Backward(_layers[i].Span, _batch.Layout.Rows, d.Span, below.Span, gradients, Workspace);
                d = below;
            }
        }

        private void ApplyDropout(Span<float> values, ulong? key, int layer) =>
            Dropout.At((ulong)layer, network.Config.Dropout, key).Apply(values, network.Config.HiddenSize, _batch.RowIds);

        private void Activate(Span<float> values)
        {
            if (network.Config.Relu) TensorPrimitives.Max(values, 0f, values);
            else foreach (ref float value in values) value = MathF.Tanh(value);
        }

        /// <summary>Multiplies by the derivative, told from the activated values.</summary>
        private void TimesSlope(ReadOnlySpan<float> active, Span<float> d)
        {
            for (int j = 0; j < d.Length; j++) d[j] *= network.Config.Relu ? (active[j] > 0 ? 1 : 0) : 1 - (active[j] * active[j]);
        }
    }
}
