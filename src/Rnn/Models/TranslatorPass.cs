using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>The pass of a translator with teacher forcing. Sources lie longest first for the encoder, targets longest first for the decoder: two orders of the same rows.</summary>
internal sealed class TranslatorPass(Translator network) : NetworkPass(network.Decoder.Head)
{
    private const ulong EncoderSite = 0;
    private const ulong DecoderSite = 1;

    private readonly Batch _source = new();
    private readonly TargetBatch _target = new();
    private readonly EncoderActivations _encoder = network.Encoder.CreateActivations();
    private readonly BridgeActivations _bridge = new();
    private int[] _order = [];
    private int[] _sources = [];

    public override int Tokens => _target.Layout.Tokens;

    /// <summary>What the decoder leaves behind; attention weights among it.</summary>
    internal DecoderActivations Decoder { get; } = network.Decoder.CreateActivations();

    /// <summary>What the encoder leaves behind.</summary>
    internal StackActivations Encoder => _encoder.Stack;

    /// <summary>The rows of the sources, longest first.</summary>
    internal Batch Source => _source;

    /// <summary>The rows of the targets, longest first.</summary>
    internal TargetBatch Target => _target;

    private protected override TargetBatch? Emitted => _target;

    private protected override IReadOnlyList<Recurrence> Recurrences =>
        [new("encoder", network.Encoder.Stack, _encoder.Stack, _source.Layout), new("decoder", network.Decoder.Stack, Decoder.Stack, _target.Layout)];

    private protected override SequenceLayout LogitLayout => _target.Layout;

    private ReadOnlySpan<int> Sources => _sources.AsSpan(0, _target.Layout.Rows);

    public override void Assign(ExampleSet examples, ReadOnlySpan<int> rows, int first = 0, int stride = 1)
    {
        _target.Assign(examples, rows, network.Config.Begin, first, stride);
        _target.Targets.CopyTo(ReserveTargets(Tokens));
        int count = _target.Layout.Rows;
        if (_order.Length < count) (_order, _sources) = (new int[count], new int[count]);
        Span<int> order = _order.AsSpan(0, count);
        _target.RowIds.CopyTo(order);
        int[] set = rows.ToArray();
        // Row numbers break ties: Span.Sort is not stable.
        order.Sort((a, b) => (examples.Inputs[set[b]].Steps, a).CompareTo((examples.Inputs[set[a]].Steps, b)));
        _source.Assign(examples.Inputs, rows, order);
        for (int i = 0; i < count; i++) _sources[i] = order.IndexOf(_target.RowIds[i]);
    }

    public override void ReplaceByUnknown(float rate, ulong key) => _source.ReplaceByUnknown(rate, key);

    public override void AddSparseGradients(Span<float> gradients)
    {
        network.Encoder.AddSparseGradient(_source, _encoder, gradients);
        network.Decoder.AddSparseGradient(_target.Inputs, Decoder, gradients);
    }

    public override void ClearSparseGradients(Span<float> gradients)
    {
        network.Encoder.ClearSparseGradient(_source, gradients);
        network.Decoder.ClearSparseGradient(_target.Inputs, gradients);
    }

    private protected override Memory<float> Features(ulong? dropoutKey)
    {
        Workspace.Reset();
        network.Encoder.Stack.ZeroStates(_encoder.Stack.States, _source.Layout.Rows, Workspace);
        network.Encoder.Forward(_source, SiteKey(dropoutKey, EncoderSite), _encoder, Workspace);
        network.Decoder.Remember(_source.Layout, _encoder.Stack.Top.Span, Decoder.Memory, Workspace);
        Decoder.Memory.Assign(Sources);
        network.Decoder.Stack.ZeroStates(Decoder.Stack.States, _target.Layout.Rows, Workspace);
        network.Bridge.Forward(_encoder.Stack.States, Sources, _bridge, Decoder.Stack.States, Workspace);
        return network.Decoder.Forward(_target.Inputs, _target.Layout, _target.RowIds, SiteKey(dropoutKey, DecoderSite), Decoder, Workspace);
    }

    private protected override void Backward(Memory<float> dFeatures, ulong? dropoutKey, Span<float> gradients)
    {
        Memory<float> dOutputs = Workspace.RentZeroed(_source.Layout.Tokens * network.Encoder.Stack.OutputSize);
        network.Decoder.Stack.ZeroStates(Decoder.Stack.StateGradients, _target.Layout.Rows, Workspace);
        network.Decoder.Backward(_target.Inputs, _target.Layout, _target.RowIds, SiteKey(dropoutKey, DecoderSite), dFeatures.Span, Decoder, _source.Layout, dOutputs.Span, gradients, Workspace);
        if (ProbesOneStep) dOutputs.Span.Clear();
        network.Encoder.Stack.ZeroStates(_encoder.Stack.StateGradients, _source.Layout.Rows, Workspace);
        network.Bridge.Backward(Decoder.Stack.StateGradients, Sources, _bridge, _encoder.Stack.StateGradients, gradients, Workspace);
        network.Encoder.Backward(dOutputs, _source, SiteKey(dropoutKey, EncoderSite), _encoder, gradients, Workspace);
    }
}
