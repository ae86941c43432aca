using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>The pass of networks that answer at every step (labeler, language model): encoder → dropout → head.</summary>
internal sealed class PerStepPass(SequenceEncoder encoder, StackReader reader, OutputHead head, EncoderConfig config) : NetworkPass(head)
{
    private const ulong EncoderSite = 0;
    private const ulong HeadSite = 1;

    private readonly Batch _batch = new();
    private readonly EncoderActivations _encoder = encoder.CreateActivations();
    private HeadGradient? _fromHead;

    public override int Tokens => _batch.Layout.Tokens;

    public override void Assign(ExampleSet examples, ReadOnlySpan<int> rows, int first = 0, int stride = 1)
    {
        _batch.Assign(examples.Inputs, rows, first, stride);
        Span<int> targets = ReserveTargets(_batch.Layout.Tokens);
        for (int i = 0; i < _batch.RowIds.Length; i++)
        {
            int row = rows[_batch.RowIds[i]];
            if (examples.Targets[row].IsEmpty)
            {
                targets.Fill(ExampleSet.NoTarget);
                continue;
            }

            if (examples.Targets[row].Length != examples.Inputs[row].Steps)
                throw new ArgumentException($"Example {row} has {examples.Targets[row].Length} targets for {examples.Inputs[row].Steps} steps.", nameof(examples));
            _batch.Layout.Pack(i, examples.Targets[row].Span, 1, targets);
        }
    }

    public override void ReplaceByUnknown(float rate, ulong key) => _batch.ReplaceByUnknown(rate, key);

    public override void AddSparseGradients(Span<float> gradients) => encoder.AddSparseGradient(_batch, _encoder, gradients);

    public override void ClearSparseGradients(Span<float> gradients) => encoder.ClearSparseGradient(_batch, gradients);

    private protected override IReadOnlyList<Recurrence> Recurrences => [new(null, encoder.Stack, _encoder.Stack, _batch.Layout)];

    private protected override SequenceLayout LogitLayout => _batch.Layout;

    private protected override Memory<float> Features(ulong? dropoutKey)
    {
        Workspace.Reset();
        StackActivations stack = _encoder.Stack;
        if (CarriedStates.IsEmpty) encoder.Stack.ZeroStates(stack.States, _batch.Layout.Rows, Workspace);
        else encoder.Stack.LoadStates(CarriedStates.Span, encoder.Stack.StateSize, _batch.RowIds, stack.States, Workspace);
        if (KeepsTrace) encoder.Forward(_batch, SiteKey(dropoutKey, EncoderSite), _encoder, Workspace);
        else reader.Read(_batch.Ids, _batch.Width, _batch.Frames, _batch.Layout, stack, Workspace);
        if (!CarriedStates.IsEmpty) encoder.Stack.StoreStates(CarriedStates.Span, encoder.Stack.StateSize, _batch.RowIds, stack.States);
        return HeadDropout(dropoutKey).Masked(stack.Top, encoder.Stack.OutputSize, _batch.Layout, _batch.RowIds, Workspace);
    }

    // Rows that end early would leave products of few rows, two directions go through the steps at once, and dropout takes features.
    private protected override bool ReadsLogitGradients(ulong? dropoutKey) => _batch.Layout.IsEven && !config.Bidirectional && HeadDropout(dropoutKey).Rate <= 0;

    private protected override void Backward(Memory<float> dFeatures, ulong? dropoutKey, Span<float> gradients)
    {
        StepFeed? fromHead = null;
        if (dFeatures.IsEmpty) fromHead = _fromHead ??= new HeadGradient(this);
        else HeadDropout(dropoutKey).Apply(dFeatures.Span, encoder.Stack.OutputSize, _batch.Layout, _batch.RowIds);
        // The carried state is a value: no gradient crosses the boundary of a window (truncated BPTT, Williams & Peng 1990).
        encoder.Stack.ZeroStates(_encoder.Stack.StateGradients, _batch.Layout.Rows, Workspace);
        encoder.Backward(dFeatures, _batch, SiteKey(dropoutKey, EncoderSite), _encoder, gradients, Workspace, fromHead);
    }

    private Dropout HeadDropout(ulong? key) => Dropout.At(HeadSite, config.Dropout, key, config.VariationalDropout);

    /// <summary>Brings the gradient of a step's logits to the state it was made from: that of all features would go to memory and back.</summary>
    private sealed class HeadGradient(PerStepPass pass) : StepFeed
    {
        public override bool CompletesInputs => false;

        public override void AfterStepBackward(int t, Span<float> dh)
        {
            int rows = pass._batch.Layout.RowsAt(t), outputs = pass.Head.Outputs;
            pass.Head.BackwardInput(pass.LogitGradients.Span.Slice(pass._batch.Layout.OffsetAt(t) * outputs, rows * outputs), rows, dh);
        }
    }
}
