using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>Emits the translation of one source, which is read once at the start; all rows look back at it.</summary>
internal sealed class TranslatorDecoder : TokenDecoder
{
    private readonly AttentiveDecoder _decoder;
    private readonly DecoderActivations _activations;
    private readonly float[] _start;
    private readonly int _fedSize;
    // What was read stays; the buffers of a step do not.
    private readonly Workspace _source = new();

    public TranslatorDecoder(Translator network, Sequence source)
        : base(network.Outputs, network.Decoder.StateSize, network.Config.Begin, network.Config.End)
    {
        _decoder = network.Decoder;
        _activations = _decoder.CreateActivations();
        _fedSize = StateSize - _decoder.Stack.StateSize;
        var batch = new Batch();
        batch.Assign([source], [0]);
        EncoderActivations encoder = network.Encoder.CreateActivations();
        network.Encoder.Stack.ZeroStates(encoder.Stack.States, 1, _source);
        new StackReader(network.Encoder.Stack, network.Encoder.Embedding, readsStepByStep: false).Read(batch.Ids, batch.Width, batch.Frames, batch.Layout, encoder.Stack, _source);
        _decoder.Remember(batch.Layout, encoder.Stack.Top.Span, _activations.Memory, _source);
        _decoder.Stack.ZeroStates(_activations.Stack.States, 1, _source);
        network.Bridge.Forward(encoder.Stack.States, [0], new BridgeActivations(), _activations.Stack.States, _source);
        _start = new float[StateSize];
        _decoder.Stack.StoreStates(_start, StateSize, [0], _activations.Stack.States);
    }

    public override ReadOnlySpan<float> AttentionWeights => _activations.Weights.Span;

    public override void Start(Span<float> state) => _start.CopyTo(state);

    public override void Advance(ReadOnlySpan<int> tokens, Span<float> states, Span<float> logits)
    {
        Workspace.Reset();
        SequenceLayout layout = OneStep(tokens.Length);
        _activations.Memory.Assign(new int[tokens.Length]);
        _decoder.Stack.LoadStates(states, StateSize, RowIds, _activations.Stack.States, Workspace);
        if (_fedSize > 0)
        {
            _activations.FedBefore = Workspace.Rent(tokens.Length * _fedSize);
            for (int row = 0; row < tokens.Length; row++) Fed(states, row).CopyTo(_activations.FedBefore.Span[(row * _fedSize)..]);
        }

        Memory<float> features = _decoder.Forward(tokens, layout, RowIds, dropoutKey: null, _activations, Workspace);
        _decoder.Head.Forward(features, tokens.Length, logits, Workspace);
        _decoder.Stack.StoreStates(states, StateSize, RowIds, _activations.Stack.States);
        for (int row = 0; row < tokens.Length && _fedSize > 0; row++) _activations.Attentional.Span.Slice(row * _fedSize, _fedSize).CopyTo(Fed(states, row));
    }

    private Span<float> Fed(Span<float> states, int row) => states.Slice(((row + 1) * StateSize) - _fedSize, _fedSize);
}
