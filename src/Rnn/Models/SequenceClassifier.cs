using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>
/// Many to one: a whole sequence of tokens or frames in, one class out.
/// Embedding (tokens only) → recurrent layers → pooling → linear head → softmax. Weights named as in PyTorch: <c>embedding.*</c>, <c>rnn.*</c>, <c>fc.*</c>.
/// </summary>
public sealed class SequenceClassifier : Network
{
    private readonly SequenceEncoder _encoder;
    private readonly StackReader _reader;
    private readonly OutputHead _head;

    /// <summary>Lays out the parameters.</summary>
    public SequenceClassifier(SequenceClassifierConfig config)
    {
        Config = config;
        _encoder = new SequenceEncoder(Parameters, "embedding.", "rnn.", config.Encoder);
        _reader = new StackReader(_encoder.Stack, _encoder.Embedding, readsStepByStep: false);
        _head = new OutputHead(Parameters, "fc.", _encoder.Stack.OutputSize, config.Classes);
        Complete([.. _encoder.Stack.Packables, _reader, .. _head.Packables]);
    }

    /// <inheritdoc/>
    public override SequenceClassifierConfig Config { get; }

    /// <inheritdoc/>
    public override int Outputs => Config.Classes;

    /// <inheritdoc/>
    public override void Initialize(ulong seed)
    {
        var random = new RandomSource(seed);
        _encoder.Initialize(ref random);
        _head.Initialize(ref random);
    }

    /// <inheritdoc/>
    public override NetworkPass CreatePass() => new Pass(this);

    /// <inheritdoc/>
    public override void ScaleLogits(Span<float> values, float factor) => _head.Scale(values, factor);

    private sealed class Pass(SequenceClassifier network) : NetworkPass(network._head)
    {
        private const ulong EncoderSite = 0;
        private const ulong HeadSite = 1;

        private readonly Batch _batch = new();
        private readonly EncoderActivations _encoder = network._encoder.CreateActivations();
        private readonly int _features = network._encoder.Stack.OutputSize;
        private int[] _maximumSteps = [];
        private Memory<float> _pooled;

        public override int Tokens => _batch.Layout.Tokens;

        private protected override IReadOnlyList<Recurrence> Recurrences => [new(null, network._encoder.Stack, _encoder.Stack, _batch.Layout)];

        private PoolingKind Pooling => ProbesOneStep ? PoolingKind.Last : network.Config.Pooling;

        public override void Assign(ExampleSet examples, ReadOnlySpan<int> rows, int first = 0, int stride = 1)
        {
            _batch.Assign(examples.Inputs, rows, first, stride);
            Span<int> targets = ReserveTargets(_batch.Layout.Rows);
            for (int i = 0; i < targets.Length; i++) targets[i] = examples.ClassOf(rows[_batch.RowIds[i]]);
        }

        public override void ReplaceByUnknown(float rate, ulong key) => _batch.ReplaceByUnknown(rate, key);

        public override void AddSparseGradients(Span<float> gradients) => network._encoder.AddSparseGradient(_batch, _encoder, gradients);

        public override void ClearSparseGradients(Span<float> gradients) => network._encoder.ClearSparseGradient(_batch, gradients);

        private protected override Memory<float> Features(ulong? dropoutKey)
        {
            Workspace.Reset();
            SequenceLayout layout = _batch.Layout;
            network._encoder.Stack.ZeroStates(_encoder.Stack.States, layout.Rows, Workspace);
            if (KeepsTrace) network._encoder.Forward(_batch, SiteKey(dropoutKey, EncoderSite), _encoder, Workspace);
            else network._reader.Read(_batch.Ids, _batch.Width, _batch.Frames, layout, _encoder.Stack, Workspace, keepsTop: Pooling != PoolingKind.Last);
            _pooled = Workspace.Rent(layout.Rows * _features);
            Pool();
            HeadDropout(dropoutKey).Apply(_pooled.Span, _features, _batch.RowIds);
            return _pooled;
        }

        private protected override void Backward(Memory<float> dFeatures, ulong? dropoutKey, Span<float> gradients)
        {
            SequenceLayout layout = _batch.Layout;
            HeadDropout(dropoutKey).Apply(dFeatures.Span, _features, _batch.RowIds);
            Memory<float> dTop = Workspace.RentZeroed(layout.Tokens * _features);
            network._encoder.Stack.ZeroStates(_encoder.Stack.StateGradients, layout.Rows, Workspace);
            PoolBackward(dFeatures.Span, dTop.Span);
            network._encoder.Backward(dTop, _batch, SiteKey(dropoutKey, EncoderSite), _encoder, gradients, Workspace);
        }

        private Dropout HeadDropout(ulong? key) => Dropout.At(HeadSite, network.Config.Encoder.Dropout, key);

        private void Pool()
        {
            SequenceLayout layout = _batch.Layout;
            if (Pooling == PoolingKind.Last) Layers.Pooling.LastForward(Top(_encoder.Stack.States), network.Config.Encoder.HiddenSize, layout.Rows, _pooled.Span);
            else Layers.Pooling.Forward(Pooling, _encoder.Stack.Top.Span, _features, layout, _pooled.Span, MaximumSteps(layout.Rows * _features));
        }

        private void PoolBackward(ReadOnlySpan<float> dPooled, Span<float> dTop)
        {
            SequenceLayout layout = _batch.Layout;
            if (Pooling == PoolingKind.Last) Layers.Pooling.LastBackward(dPooled, network.Config.Encoder.HiddenSize, layout.Rows, Top(_encoder.Stack.StateGradients));
            else Layers.Pooling.Backward(Pooling, dPooled, _features, layout, MaximumSteps(layout.Rows * _features), dTop);
        }

        private ReadOnlySpan<CellState> Top(CellState[] states) => states.AsSpan(states.Length - (_features / network.Config.Encoder.HiddenSize));

        /// <summary>Room for the step that max pooling chose, per row and feature.</summary>
        private Span<int> MaximumSteps(int length)
        {
            if (_maximumSteps.Length < length) _maximumSteps = new int[length];
            return _maximumSteps.AsSpan(0, length);
        }
    }
}
