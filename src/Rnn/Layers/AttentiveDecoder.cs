using System.Numerics.Tensors;
using Rnn.Cells;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>
/// Emits a text step by step: each step reads the token before it and, with attention, what an encoder left. Teacher forcing is a pass over all tokens,
/// generating one over a single step; both are the same code. Additive attention (Bahdanau et al. 2015): input <c>[e; c]</c>, head over <c>[h; c; e]</c>.
/// Dot and general attention (Luong et al. 2015): head over <c>h̃ = tanh(combine([c; h]))</c>, fed back if wanted.
/// Of several layers the bottom one asks in additive attention (as in Wu et al. 2016), the top one in the others.
/// Weights: <c>tgt_embedding.*</c>, <c>decoder.*</c>, <c>attn_*</c>, <c>combine.*</c>, <c>out.*</c>.
/// </summary>
public sealed class AttentiveDecoder
{
    // Dropout sites: each draws its own masks.
    private const ulong EmbeddingSite = 0;
    private const ulong StackSite = 1;
    private const ulong HeadSite = 2;

    private readonly DecoderConfig _config;
    private readonly Embedding _embedding;
    private readonly Attention? _attention;
    private readonly Linear? _combine;

    /// <summary>Declares the parameters.</summary>
    /// <exception cref="ArgumentException">The parts of the shape do not fit each other.</exception>
    public AttentiveDecoder(ParameterSet parameters, DecoderConfig config)
    {
        config.Check();
        _config = config;
        _embedding = new Embedding(parameters, "tgt_embedding.", config.VocabularySize, config.EmbeddingSize, sparse: !config.TieWeights);
        Stack = new RecurrentStack(parameters, "decoder.", config.Cell, config.EmbeddingSize + config.FedSize, config.HiddenSize, config.Layers, bidirectional: false);
        if (config.Attention != AttentionKind.None) _attention = new Attention(parameters, config.Attention, config.HiddenSize, config.MemorySize, config.AttentionSize);
        if (config.AsksAfter) _combine = new Linear(parameters, "combine.", config.MemorySize + config.HiddenSize, config.HiddenSize);
        Head = new OutputHead(parameters, "out.", config.FeatureSize, config.VocabularySize, config.TieWeights ? _embedding.Weight : null);
    }

    /// <summary>The recurrent layers.</summary>
    public RecurrentStack Stack { get; }

    /// <summary>From features to logits.</summary>
    public OutputHead Head { get; }

    /// <summary>Floats that carry a row from one step to the next: the layers' states and what is fed back.</summary>
    public int StateSize => Stack.StateSize + (_config.InputFeeding ? _config.HiddenSize : 0);

    /// <summary>What must be packed.</summary>
    public IEnumerable<IPackable> Packables => [.. Stack.Packables, .. _attention?.Packables ?? [], .. _combine is null ? (IPackable[])[] : [_combine], .. Head.Packables];

    /// <summary>Draws all weights.</summary>
    public void Initialize(ref RandomSource random)
    {
        _embedding.Initialize(1 / Math.Sqrt(_config.EmbeddingSize), ref random);
        Stack.Initialize(_config.RecurrentInit, _config.ForgetBias, ref random);
        _attention?.Initialize(ref random);
        _combine?.Initialize(ref random);
        Head.Initialize(ref random);
    }

    /// <summary>Buffers for passes of this decoder.</summary>
    public DecoderActivations CreateActivations() => new(Stack.CreateActivations());

    /// <summary>Takes the encoder's outputs <c>[tokens, M]</c> of a batch as what attention looks back at.</summary>
    public void Remember(SequenceLayout layout, ReadOnlySpan<float> outputs, AttentionMemory memory, Workspace workspace)
    {
        if (_attention is null) return;
        memory.Gather(layout, outputs, _config.MemorySize, workspace);
        _attention.MakeKeys(memory, workspace);
    }

    /// <summary>
    /// What <see cref="Head"/> reads <c>[tokens, features]</c> after each of <paramref name="inputs"/>, the tokens read; initial states and memory stand in <paramref name="a"/>.
    /// Without a <paramref name="dropoutKey"/> there is no dropout.
    /// </summary>
    public Memory<float> Forward(ReadOnlySpan<int> inputs, SequenceLayout layout, ReadOnlySpan<int> rowIds, ulong? dropoutKey, DecoderActivations a, Workspace workspace)
    {
        int tokens = layout.Tokens;
        Rent(tokens, a, workspace);
        _embedding.Forward(inputs, 1, a.Embedded.Span);
        DropoutAt(EmbeddingSite, dropoutKey).Apply(a.Embedded.Span, _config.EmbeddingSize, layout, rowIds);
        if (_config.FedSize == 0) a.X = a.Embedded;
        else CopyColumns(a.Embedded.Span, _config.EmbeddingSize, 0, a.X.Span, _config.EmbeddingSize + _config.FedSize, 0, _config.EmbeddingSize, tokens);

        StepFeed? feed = _config.FedSize > 0 ? new Feed(this, layout, a) : null;
        Stack.Forward(a.X, layout, rowIds, DropoutAt(StackSite, dropoutKey), a.Stack, workspace, feed);
        for (int t = 0; t < layout.Steps && _config.AsksAfter && feed is null; t++) Attend(t, layout, At(a.Stack.Top, layout, t, _config.HiddenSize), a);
        GatherFeatures(tokens, a);
        DropoutAt(HeadSite, dropoutKey).Apply(a.Features.Span, _config.FeatureSize, layout, rowIds);
        return a.Features;
    }

    /// <summary>
    /// From the gradient of the features, which it changes, to those of the weights, added to <paramref name="gradients"/>; the stack's state gradients must be zero before, and hold those of the
    /// initial states after; the memory's are added to <paramref name="dOutputs"/>, laid out as the encoder's outputs. What belongs to a sparse embedding waits for <see cref="AddSparseGradient"/>.
    /// </summary>
    public void Backward(
        ReadOnlySpan<int> inputs, SequenceLayout layout, ReadOnlySpan<int> rowIds, ulong? dropoutKey, Span<float> dFeatures, DecoderActivations a,
        SequenceLayout sources, Span<float> dOutputs, Span<float> gradients, Workspace workspace)
    {
        int tokens = layout.Tokens;
        (int hidden, int size, int memory, int width) = (_config.HiddenSize, _config.EmbeddingSize, _config.MemorySize, _config.EmbeddingSize + _config.FedSize);
        DropoutAt(HeadSite, dropoutKey).Apply(dFeatures, _config.FeatureSize, layout, rowIds);
        _attention?.ClearGradients(a.Memory, workspace);
        Memory<float> dTop = workspace.RentZeroed(tokens * hidden);
        a.DX = workspace.RentZeroed(tokens * width);
        RentGradients(layout, a, workspace);
        if (_config.AsksBefore)
        {
            CopyColumns(dFeatures, _config.FeatureSize, 0, dTop.Span, hidden, 0, hidden, tokens);
            CopyColumns(dFeatures, _config.FeatureSize, hidden, a.DX.Span, width, size, memory, tokens);
            CopyColumns(dFeatures, _config.FeatureSize, hidden + memory, a.DX.Span, width, 0, size, tokens);
        }
        else
        {
            dFeatures.CopyTo(_config.AsksAfter ? a.DAttentional.Span : dTop.Span);
        }

        StepFeed? feed = _config.FedSize > 0 ? new Feed(this, layout, a) : null;
        for (int t = layout.Steps - 1; t >= 0 && _config.AsksAfter && feed is null; t--) AttendBackward(t, layout, At(dTop, layout, t, hidden), a);
        Stack.Backward(dTop, layout, rowIds, DropoutAt(StackSite, dropoutKey), a.Stack, a.DX.Span, gradients, workspace, feed);
        _combine?.BackwardWeights(a.Combined.Span, tokens, a.DAttentional.Span, gradients, workspace);
        // In additive attention the state before each step asked.
        _attention?.BackwardWeights(a.Memory, tokens, a.Stack.Traces[0].PreviousH.Span, a.DQueries.Span, a.DV.Span, gradients, workspace);
        if (_attention is not null) a.Memory.ScatterGradients(sources, memory, dOutputs);

        a.DEmbedded = workspace.Rent(tokens * size);
        CopyColumns(a.DX.Span, width, 0, a.DEmbedded.Span, size, 0, size, tokens);
        DropoutAt(EmbeddingSite, dropoutKey).Apply(a.DEmbedded.Span, size, layout, rowIds);
        if (!_embedding.Weight.IsSparse) _embedding.Backward(inputs, 1, a.DEmbedded.Span, gradients);
    }

    /// <summary>Adds a sparse embedding's gradient of the last <see cref="Backward"/> to a buffer over all parameters.</summary>
    public void AddSparseGradient(ReadOnlySpan<int> inputs, DecoderActivations a, Span<float> gradients)
    {
        if (_embedding.Weight.IsSparse) _embedding.Backward(inputs, 1, a.DEmbedded.Span, gradients);
    }

    /// <summary>Zeroes what <see cref="AddSparseGradient"/> wrote.</summary>
    public void ClearSparseGradient(ReadOnlySpan<int> inputs, Span<float> gradients)
    {
        if (_embedding.Weight.IsSparse) _embedding.ClearGradient(inputs, gradients);
    }

    private Dropout DropoutAt(ulong site, ulong? key) => Dropout.At(site, site == EmbeddingSite ? _config.EmbeddingDropout : _config.Dropout, key, _config.VariationalDropout);

    private void Rent(int tokens, DecoderActivations a, Workspace workspace)
    {
        a.Embedded = workspace.Rent(tokens * _config.EmbeddingSize);
        if (_config.FedSize > 0) a.X = workspace.Rent(tokens * (_config.EmbeddingSize + _config.FedSize));
        a.Features = workspace.Rent(tokens * _config.FeatureSize);
        if (_attention is null) return;
        a.Queries = workspace.Rent(tokens * _attention.KeySize);
        a.Weights = workspace.Rent(tokens * a.Memory.Longest);
        if (_combine is null) return;
        a.Combined = workspace.Rent(tokens * _combine.InputSize);
        a.Attentional = workspace.Rent(tokens * _config.HiddenSize);
    }

    private void RentGradients(SequenceLayout layout, DecoderActivations a, Workspace workspace)
    {
        if (_attention is null) return;
        a.DQueries = workspace.Rent(layout.Tokens * _attention.KeySize);
        a.DV = workspace.RentZeroed(_attention.KeySize);
        if (_combine is null) return;
        a.DAttentional = workspace.Rent(layout.Tokens * _config.HiddenSize);
        a.DCombined = workspace.Rent(layout.Rows * _combine.InputSize);
    }

    private void GatherFeatures(int tokens, DecoderActivations a)
    {
        (int hidden, int size, int memory) = (_config.HiddenSize, _config.EmbeddingSize, _config.MemorySize);
        if (!_config.AsksBefore)
        {
            (_config.AsksAfter ? a.Attentional : a.Stack.Top).CopyTo(a.Features);
            return;
        }

        CopyColumns(a.Stack.Top.Span, hidden, 0, a.Features.Span, _config.FeatureSize, 0, hidden, tokens);
        CopyColumns(a.X.Span, size + memory, size, a.Features.Span, _config.FeatureSize, hidden, memory, tokens);
        CopyColumns(a.Embedded.Span, size, 0, a.Features.Span, _config.FeatureSize, hidden + memory, size, tokens);
    }

    /// <summary>The attentional states of step t from the states <paramref name="h"/> after it.</summary>
    private void Attend(int t, SequenceLayout layout, ReadOnlySpan<float> h, DecoderActivations a)
    {
        int rows = layout.RowsAt(t);
        int width = _combine!.InputSize;
        Span<float> combined = At(a.Combined, layout, t, width);
        _attention!.Forward(a.Memory, rows, h, At(a.Queries, layout, t, _attention.KeySize), At(a.Weights, layout, t, a.Memory.Longest), combined, width);
        CopyColumns(h, _config.HiddenSize, 0, combined, width, _config.MemorySize, _config.HiddenSize, rows);
        Span<float> attentional = At(a.Attentional, layout, t, _config.HiddenSize);
        _combine.Forward(combined, rows, attentional);
        foreach (ref float value in attentional) value = MathF.Tanh(value);
    }

    private void AttendBackward(int t, SequenceLayout layout, Span<float> dh, DecoderActivations a)
    {
        int rows = layout.RowsAt(t);
        int width = _combine!.InputSize;
        Span<float> d = At(a.DAttentional, layout, t, _config.HiddenSize);
        ReadOnlySpan<float> attentional = At(a.Attentional, layout, t, _config.HiddenSize);
        for (int i = 0; i < d.Length; i++) d[i] *= 1 - (attentional[i] * attentional[i]);
        Span<float> dCombined = a.DCombined.Span[..(rows * width)];
        dCombined.Clear();
        _combine.BackwardInput(d, rows, dCombined);
        for (int row = 0; row < rows; row++)
        {
            Span<float> target = dh.Slice(row * _config.HiddenSize, _config.HiddenSize);
            TensorPrimitives.Add(target, dCombined.Slice((row * width) + _config.MemorySize, _config.HiddenSize), target);
        }

        _attention!.Backward(a.Memory, rows, At(a.Queries, layout, t, _attention.KeySize), At(a.Weights, layout, t, a.Memory.Longest), dCombined, width,
            At(a.DQueries, layout, t, _attention.KeySize), dh, a.DV.Span);
    }

    private static Span<float> At(Memory<float> buffer, SequenceLayout layout, int t, int width) => buffer.Span.Slice(layout.OffsetAt(t) * width, layout.RowsAt(t) * width);

    private static void CopyColumns(ReadOnlySpan<float> from, int fromWidth, int fromColumn, Span<float> to, int toWidth, int toColumn, int columns, int rows)
    {
        for (int row = 0; row < rows; row++) from.Slice((row * fromWidth) + fromColumn, columns).CopyTo(to[((row * toWidth) + toColumn)..]);
    }

    /// <summary>Puts into the next input what attention read (additive), or the attentional state before (input feeding).</summary>
    private sealed class Feed(AttentiveDecoder decoder, SequenceLayout layout, DecoderActivations a) : StepFeed
    {
        private readonly DecoderConfig _config = decoder._config;
        private readonly int _width = decoder._config.EmbeddingSize + decoder._config.FedSize;

        public override void BeforeStep(int t, ReadOnlySpan<float> h)
        {
            Span<float> fed = At(a.X, layout, t, _width)[_config.EmbeddingSize..];
            int rows = layout.RowsAt(t);
            if (_config.AsksBefore)
            {
                Attention attention = decoder._attention!;
                attention.Forward(a.Memory, rows, h, At(a.Queries, layout, t, attention.KeySize), At(a.Weights, layout, t, a.Memory.Longest), fed, _width);
                return;
            }

            Memory<float> before = t == 0 ? a.FedBefore : a.Attentional[(layout.OffsetAt(t - 1) * _config.HiddenSize)..];
            if (!before.IsEmpty) CopyColumns(before.Span, _config.HiddenSize, 0, fed, _width, 0, _config.HiddenSize, rows);
            else for (int row = 0; row < rows; row++) fed.Slice(row * _width, _config.HiddenSize).Clear();
        }

        public override void AfterStep(int t, ReadOnlySpan<float> h)
        {
            if (_config.AsksAfter) decoder.Attend(t, layout, h, a);
        }

        public override void AfterStepBackward(int t, Span<float> dh)
        {
            if (_config.AsksAfter) decoder.AttendBackward(t, layout, dh, a);
        }

        public override void BeforeStepBackward(int t, ReadOnlySpan<float> dx, Span<float> dh)
        {
            if (_config.AsksBefore)
            {
                Attention attention = decoder._attention!;
                attention.Backward(a.Memory, layout.RowsAt(t), At(a.Queries, layout, t, attention.KeySize), At(a.Weights, layout, t, a.Memory.Longest), dx[_config.EmbeddingSize..], _width,
                    At(a.DQueries, layout, t, attention.KeySize), dh, a.DV.Span);
                return;
            }

            if (t == 0) return;
            Span<float> before = At(a.DAttentional, layout, t - 1, _config.HiddenSize);
            for (int row = 0; row < layout.RowsAt(t); row++)
            {
                Span<float> target = before.Slice(row * _config.HiddenSize, _config.HiddenSize);
                TensorPrimitives.Add(target, dx.Slice((row * _width) + _config.EmbeddingSize, _config.HiddenSize), target);
            }
        }
    }
}
