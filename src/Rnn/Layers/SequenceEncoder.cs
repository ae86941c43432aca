using Rnn.Cells;
using Rnn.Data;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>What one pass through a <see cref="SequenceEncoder"/> leaves behind; belongs to the caller and is reused from pass to pass.</summary>
public sealed class EncoderActivations(StackActivations stack)
{
    /// <summary>What the recurrent layers leave behind.</summary>
    public StackActivations Stack => stack;

    /// <summary>Gradient of the embedded input <c>[tokens, E]</c> after a backward pass.</summary>
    internal Memory<float> InputGradient { get; set; }
}

/// <summary>What reads a sequence of tokens or frames: embedding (tokens only) → recurrent layers, with dropout on both.</summary>
public sealed class SequenceEncoder
{
    // Dropout sites: each draws its own masks.
    private const ulong EmbeddingSite = 0;
    private const ulong StackSite = 1;

    // Below this many tokens a table of their input products costs less than the products of a batch.
    private const int MostFolded = 128;

    private readonly EncoderConfig _config;
    private readonly bool _folds;

    /// <summary>Declares <c>{embeddingPrefix}weight</c> (tokens only) and the recurrent layers under <paramref name="prefix"/>.</summary>
    public SequenceEncoder(ParameterSet parameters, string embeddingPrefix, string prefix, EncoderConfig config, bool sharesEmbedding = false)
    {
        _config = config;
        // Dropout takes features of the embedded token, which a folded one never has.
        _folds = config.VocabularySize is > 0 and <= MostFolded && config.EmbeddingDropout == 0;
        if (config.VocabularySize > 0) Embedding = new Embedding(parameters, embeddingPrefix, config.VocabularySize, config.EmbeddingSize, sparse: !sharesEmbedding && !_folds);
        Stack = new RecurrentStack(parameters, prefix, config.Cell, config.InputSize, config.HiddenSize, config.Layers, config.Bidirectional);
        if (_folds) Stack.Fold(Embedding!.Weight);
    }

    /// <summary>The lookup table; null for frames.</summary>
    public Embedding? Embedding { get; }

    /// <summary>The recurrent layers.</summary>
    public RecurrentStack Stack { get; }

    /// <summary>Draws all weights.</summary>
    public void Initialize(ref RandomSource random)
    {
        Embedding?.Initialize(1 / Math.Sqrt(_config.EmbeddingSize), ref random);
        Stack.Initialize(_config.RecurrentInit, _config.ForgetBias, ref random);
    }

    /// <summary>Buffers for passes of this encoder.</summary>
    public EncoderActivations CreateActivations() => new(Stack.CreateActivations());

    /// <summary>
    /// Reads <paramref name="batch"/>; the stack's states must hold the initial states. Leaves the output of the top layer, <c>[tokens, directions · H]</c>, in
    /// <see cref="StackActivations.Top"/>. Without a <paramref name="dropoutKey"/> there is no dropout.
    /// </summary>
    public void Forward(Batch batch, ulong? dropoutKey, EncoderActivations activations, Workspace workspace)
    {
        SequenceLayout layout = batch.Layout;
        Memory<float> x = _folds ? default : workspace.Rent(layout.Tokens * _config.InputSize);
        if (Embedding is null)
        {
            batch.Frames.CopyTo(x.Span);
        }
        else if (!_folds)
        {
            Embedding.Forward(batch.Ids, batch.Width, x.Span);
            InputDropout(dropoutKey).Apply(x.Span, _config.InputSize, layout, batch.RowIds);
        }

        Stack.Forward(x, layout, batch.RowIds, LayerDropout(dropoutKey), activations.Stack, workspace, ids: FoldedIds(batch));
    }

    /// <summary>
    /// The way back for <paramref name="dTop"/>, the gradient of the top output; <see cref="StackActivations.StateGradients"/> must hold those of the final states. Without dTop, a feed at the <paramref name="top"/> brings it step by step.
    /// Adds to <paramref name="gradients"/>; what belongs to a sparse embedding waits for <see cref="AddSparseGradient"/>.
    /// </summary>
    public void Backward(Memory<float> dTop, Batch batch, ulong? dropoutKey, EncoderActivations activations, Span<float> gradients, Workspace workspace, StepFeed? top = null)
    {
        SequenceLayout layout = batch.Layout;
        activations.InputGradient = Embedding is null || _folds ? default : workspace.RentZeroed(layout.Tokens * _config.InputSize);
        Span<float> dx = activations.InputGradient.Span;
        Stack.Backward(dTop, layout, batch.RowIds, LayerDropout(dropoutKey), activations.Stack, dx, gradients, workspace, ids: FoldedIds(batch), top: top);
        if (dx.IsEmpty) return;
        InputDropout(dropoutKey).Apply(dx, _config.InputSize, layout, batch.RowIds);
        if (!Embedding!.Weight.IsSparse) Embedding.Backward(batch.Ids, batch.Width, dx, gradients);
    }

    /// <summary>Adds a sparse embedding's gradient of the last <see cref="Backward"/> to a buffer over all parameters.</summary>
    public void AddSparseGradient(Batch batch, EncoderActivations activations, Span<float> gradients)
    {
        if (Embedding is { Weight.IsSparse: true }) Embedding.Backward(batch.Ids, batch.Width, activations.InputGradient.Span, gradients);
    }

    /// <summary>Zeroes what <see cref="AddSparseGradient"/> wrote.</summary>
    public void ClearSparseGradient(Batch batch, Span<float> gradients)
    {
        if (Embedding is { Weight.IsSparse: true }) Embedding.ClearGradient(batch.Ids, gradients);
    }

    private ReadOnlySpan<int> FoldedIds(Batch batch) => _folds ? batch.Ids : default;

    private Dropout InputDropout(ulong? key) => Dropout.At(EmbeddingSite, _config.EmbeddingDropout, key, _config.VariationalDropout);

    private Dropout LayerDropout(ulong? key) => Dropout.At(StackSite, _config.Dropout, key, _config.VariationalDropout);
}
