using System.Numerics.Tensors;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>
/// One to many: a vector in, a text out. <see cref="Feedback.Zeros"/>: <c>x_0 = in(f)</c>, <c>x_t = 0</c>, the initial state zero.
/// <see cref="Feedback.Outputs"/>: <c>x_t = in(f) + embedding(y_{t-1})</c>, the initial h of every layer <c>tanh(initial(f))</c>.
/// Weights: <c>in.*</c>, <c>rnn.*</c>, <c>fc.*</c>, with feedback also <c>embedding.*</c> and <c>initial.*</c>.
/// </summary>
public sealed class Captioner : Network
{
    private readonly Linear _in;
    private readonly Linear? _initial;
    private readonly Embedding? _embedding;
    private readonly RecurrentStack _stack;
    private readonly StackReader _reader;
    private readonly OutputHead _head;

    /// <summary>Lays out the parameters.</summary>
    /// <exception cref="ArgumentException">Tied weights without an embedding.</exception>
    public Captioner(CaptionerConfig config)
    {
        bool feeds = config.Feedback == Feedback.Outputs;
        if (config.TieWeights && !feeds) throw new ArgumentException("Weights can be tied only where outputs are fed back: there is no embedding else.", nameof(config));
        Config = config;
        _in = new Linear(Parameters, "in.", config.FeatureSize, config.EmbeddingSize);
        if (feeds)
        {
            _initial = new Linear(Parameters, "initial.", config.FeatureSize, config.Layers * config.HiddenSize);
            _embedding = new Embedding(Parameters, "embedding.", config.VocabularySize, config.EmbeddingSize, sparse: !config.TieWeights);
        }

        _stack = new RecurrentStack(Parameters, "rnn.", config.Cell, config.EmbeddingSize, config.HiddenSize, config.Layers, bidirectional: false);
        _reader = new StackReader(_stack, embedding: null, readsStepByStep: true);
        _head = new OutputHead(Parameters, "fc.", config.HiddenSize, config.VocabularySize, config.TieWeights ? _embedding!.Weight : null);
        Complete([_in, .. _initial is null ? (IPackable[])[] : [_initial], .. _stack.Packables, _reader, .. _head.Packables]);
    }

    /// <inheritdoc/>
    public override CaptionerConfig Config { get; }

    /// <inheritdoc/>
    public override int Outputs => Config.VocabularySize;

    /// <inheritdoc/>
    public override bool EmitsTokens => true;

    /// <inheritdoc/>
    public override void Initialize(ulong seed)
    {
        var random = new RandomSource(seed);
        _in.Initialize(ref random);
        _initial?.Initialize(ref random);
        _embedding?.Initialize(1 / Math.Sqrt(Config.EmbeddingSize), ref random);
        _stack.Initialize(Config.RecurrentInit, Config.ForgetBias, ref random);
        _head.Initialize(ref random);
    }

    /// <inheritdoc/>
    public override NetworkPass CreatePass() => new Pass(this);

    /// <inheritdoc/>
    public override TokenDecoder CreateDecoder(Sequence? input) =>
        new CaptionDecoder(this, input ?? throw new ArgumentNullException(nameof(input), "A captioner needs a vector to describe."));

    /// <summary>Sets the initial states for features <c>[rows, F]</c>; returns their h, <c>[rows, layers · H]</c>.</summary>
    private Memory<float> Begin(ReadOnlySpan<float> features, int rows, CellState[] states, Workspace workspace)
    {
        _stack.ZeroStates(states, rows, workspace);
        if (_initial is null) return default;
        Memory<float> initial = workspace.Rent(rows * _initial.OutputSize);
        _initial.Forward(features, rows, initial.Span);
        foreach (ref float h in initial.Span) h = MathF.Tanh(h);
        for (int i = 0; i < rows * states.Length; i++)
            initial.Span.Slice(i * Config.HiddenSize, Config.HiddenSize).CopyTo(states[i % states.Length].H.Span[(i / states.Length * Config.HiddenSize)..]);
        return initial;
    }

    private sealed class CaptionDecoder : TokenDecoder
    {
        private readonly Captioner _network;
        private readonly StackActivations _stack;
        private readonly float[] _start;
        private readonly float[] _first;

        public CaptionDecoder(Captioner network, Sequence features)
            : base(network.Outputs, network._stack.StateSize, network.Config.Begin, network.Config.End)
        {
            _network = network;
            _stack = network._stack.CreateActivations();
            _start = new float[StateSize];
            _first = new float[network.Config.EmbeddingSize];
            network.Begin(features.Frames.Span, 1, _stack.States, Workspace);
            network._stack.StoreStates(_start, StateSize, [0], _stack.States);
            network._in.Forward(features.Frames.Span, 1, _first);
        }

        public override void Start(Span<float> state) => _start.CopyTo(state);

        public override void Advance(ReadOnlySpan<int> tokens, Span<float> states, Span<float> logits)
        {
            Workspace.Reset();
            int size = _first.Length;
            SequenceLayout layout = OneStep(tokens.Length);
            Memory<float> x = Workspace.RentZeroed(tokens.Length * size);
            _network._embedding?.Forward(tokens, 1, x.Span);
            for (int row = 0; row < tokens.Length; row++)
            {
                // Without feedback the value comes first and then nothing.
                if (_network._embedding is null && tokens[row] != Begin) continue;
                Span<float> step = x.Span.Slice(row * size, size);
                TensorPrimitives.Add(step, _first, step);
            }

            _network._stack.LoadStates(states, StateSize, RowIds, _stack.States, Workspace);
            _network._reader.Read(default, 1, x.Span, layout, _stack, Workspace);
            _network._stack.StoreStates(states, StateSize, RowIds, _stack.States);
            _network._head.Forward(_stack.Top, tokens.Length, logits, Workspace);
        }
    }

    private sealed class Pass(Captioner network) : NetworkPass(network._head)
    {
        private const ulong InputSite = 0;
        private const ulong StackSite = 1;
        private const ulong HeadSite = 2;

        private readonly TargetBatch _batch = new();
        private readonly StackActivations _stack = network._stack.CreateActivations();
        private readonly CaptionerConfig _config = network.Config;
        private float[] _features = [];
        private Memory<float> _initialH;
        private Memory<float> _dx;

        public override int Tokens => _batch.Layout.Tokens;

        private protected override TargetBatch? Emitted => network._embedding is null ? null : _batch;

        private protected override IReadOnlyList<Recurrence> Recurrences => [new(null, network._stack, _stack, Layout)];

        private protected override SequenceLayout LogitLayout => Layout;

        private SequenceLayout Layout => _batch.Layout;

        public override void Assign(ExampleSet examples, ReadOnlySpan<int> rows, int first = 0, int stride = 1)
        {
            _batch.Assign(examples, rows, _config.Begin, first, stride);
            _batch.Targets.CopyTo(ReserveTargets(Tokens));
            if (_features.Length < Layout.Rows * _config.FeatureSize) _features = new float[Layout.Rows * _config.FeatureSize];
            for (int i = 0; i < Layout.Rows; i++)
                examples.Inputs[rows[_batch.RowIds[i]]].Frames.Span[.._config.FeatureSize].CopyTo(_features.AsSpan(i * _config.FeatureSize));
        }

        public override void AddSparseGradients(Span<float> gradients)
        {
            if (network._embedding is { Weight.IsSparse: true } embedding) embedding.Backward(_batch.Inputs, 1, _dx.Span, gradients);
        }

        public override void ClearSparseGradients(Span<float> gradients)
        {
            if (network._embedding is { Weight.IsSparse: true } embedding) embedding.ClearGradient(_batch.Inputs, gradients);
        }

        private protected override Memory<float> Features(ulong? dropoutKey)
        {
            Workspace.Reset();
            _initialH = network.Begin(_features, Layout.Rows, _stack.States, Workspace);
            Memory<float> x = Inputs();
            DropoutAt(InputSite, dropoutKey).Apply(x.Span, _config.EmbeddingSize, Layout, _batch.RowIds);
            network._stack.Forward(x, Layout, _batch.RowIds, DropoutAt(StackSite, dropoutKey), _stack, Workspace);
            return DropoutAt(HeadSite, dropoutKey).Masked(_stack.Top, _config.HiddenSize, Layout, _batch.RowIds, Workspace);
        }

        private protected override void Backward(Memory<float> dFeatures, ulong? dropoutKey, Span<float> gradients)
        {
            DropoutAt(HeadSite, dropoutKey).Apply(dFeatures.Span, _config.HiddenSize, Layout, _batch.RowIds);
            network._stack.ZeroStates(_stack.StateGradients, Layout.Rows, Workspace);
            _dx = Workspace.RentZeroed(Tokens * _config.EmbeddingSize);
            network._stack.Backward(dFeatures, Layout, _batch.RowIds, DropoutAt(StackSite, dropoutKey), _stack, _dx.Span, gradients, Workspace);
            DropoutAt(InputSite, dropoutKey).Apply(_dx.Span, _config.EmbeddingSize, Layout, _batch.RowIds);
            InputsBackward(gradients);
            if (network._initial is not null) InitialBackward(network._initial, gradients);
        }

        private Dropout DropoutAt(ulong site, ulong? key) => Dropout.At(site, site == InputSite ? _config.EmbeddingDropout : _config.Dropout, key, _config.VariationalDropout);

        private Memory<float> Inputs()
        {
            int size = _config.EmbeddingSize;
            Memory<float> x = Workspace.RentZeroed(Tokens * size);
            Span<float> first = Workspace.Rent(Layout.Rows * size).Span;
            network._in.Forward(_features, Layout.Rows, first);
            network._embedding?.Forward(_batch.Inputs, 1, x.Span);
            for (int t = 0; t < (network._embedding is null ? 1 : Layout.Steps); t++)
            {
                Span<float> step = x.Span.Slice(Layout.OffsetAt(t) * size, Layout.RowsAt(t) * size);
                TensorPrimitives.Add(step, first[..step.Length], step);
            }

            return x;
        }

        private void InputsBackward(Span<float> gradients)
        {
            int size = _config.EmbeddingSize;
            Span<float> dFirst = Workspace.RentZeroed(Layout.Rows * size).Span;
            for (int t = 0; t < (network._embedding is null ? 1 : Layout.Steps); t++)
            {
                Span<float> step = _dx.Span.Slice(Layout.OffsetAt(t) * size, Layout.RowsAt(t) * size);
                TensorPrimitives.Add(dFirst[..step.Length], step, dFirst);
            }

            FeaturesBackward(network._in, dFirst, gradients);
            if (network._embedding is { Weight.IsSparse: false } embedding) embedding.Backward(_batch.Inputs, 1, _dx.Span, gradients);
        }

        private void InitialBackward(Linear initial, Span<float> gradients)
        {
            int hidden = _config.HiddenSize;
            int layers = _config.Layers;
            Span<float> d = Workspace.Rent(Layout.Rows * initial.OutputSize).Span;
            for (int i = 0; i < Layout.Rows * layers; i++)
                _stack.StateGradients[i % layers].H.Span.Slice(i / layers * hidden, hidden).CopyTo(d[(i * hidden)..]);
            for (int j = 0; j < d.Length; j++) d[j] *= 1 - (_initialH.Span[j] * _initialH.Span[j]);
            FeaturesBackward(initial, d, gradients);
        }

        private void FeaturesBackward(Linear layer, ReadOnlySpan<float> dy, Span<float> gradients) =>
            layer.Backward(_features, Layout.Rows, dy, default, gradients, Workspace);
    }
}
