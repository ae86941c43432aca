using System.Numerics.Tensors;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>
/// Many to one: a whole sequence of tokens or frames in, one class out.
/// Embedding (tokens only) → recurrent layers → pooling → linear head → softmax. Weights named as in PyTorch: <c>embedding.*</c>, <c>rnn.*</c>, <c>fc.*</c>.
/// Holds weights only and may be shared by threads while nobody changes them.
/// </summary>
public sealed class SequenceClassifier
{
    // Dropout sites: each draws its own masks.
    private const ulong EmbeddingSite = 0;
    private const ulong StackSite = 1;
    private const ulong HeadSite = 2;

    private readonly Embedding? _embedding;
    private readonly RecurrentStack _stack;
    private readonly Linear _head;

    /// <summary>Lays out the parameters; they are zero until <see cref="Initialize"/> draws them or a file fills them.</summary>
    public SequenceClassifier(SequenceClassifierConfig config)
    {
        Config = config;
        if (config.VocabularySize > 0) _embedding = new Embedding(Parameters, "embedding.", config.VocabularySize, config.EmbeddingSize);
        _stack = new RecurrentStack(Parameters, "rnn.", config.Cell, config.InputSize, config.HiddenSize, config.Layers, config.Bidirectional);
        _head = new Linear(Parameters, "fc.", _stack.OutputSize, config.Classes);
        Parameters.Allocate();
    }

    /// <summary>The shape.</summary>
    public SequenceClassifierConfig Config { get; }

    /// <summary>All weights.</summary>
    public ParameterSet Parameters { get; } = new();

    /// <summary>How many independent parts <see cref="Pack(int, bool)"/> has.</summary>
    public int PackParts => _stack.Cells.Count + 1;

    /// <summary>Draws all weights from <paramref name="seed"/>.</summary>
    public void Initialize(ulong seed)
    {
        var random = new RandomSource(seed);
        _embedding?.Initialize(1 / Math.Sqrt(Config.EmbeddingSize), ref random);
        _stack.Initialize(Config.RecurrentInit, Config.ForgetBias, ref random);
        _head.Initialize(ref random);
    }

    /// <summary>Buffers for one thread's passes.</summary>
    public ClassifierPass CreatePass() => new(_stack.CreateActivations());

    /// <summary>Packs one part of the weights for products; all parts must be packed again after a change of the weights.</summary>
    public void Pack(int part, bool training)
    {
        if (part < _stack.Cells.Count) _stack.Cells[part].Pack(training);
        else _head.Pack(training);
    }

    /// <summary>Packs all weights.</summary>
    public void Pack(bool training)
    {
        for (int part = 0; part < PackParts; part++) Pack(part, training);
    }

    /// <summary>The logits <c>[rows, classes]</c> of the batch in <paramref name="pass"/>, without dropout; valid until the pass is used again.</summary>
    public ReadOnlySpan<float> Forward(ClassifierPass pass) => Forward(pass, dropoutKey: null);

    /// <summary>
    /// One training pass over the batch (or shard) in <paramref name="pass"/>: adds the gradient of <paramref name="scale"/> × the summed loss to
    /// <paramref name="denseGradients"/>; that of the embedding stays in the pass until <see cref="AddEmbeddingGradient"/>.
    /// Returns the summed loss and how many rows the largest logit got right.
    /// </summary>
    public (double Loss, int Correct) ForwardBackward(ClassifierPass pass, ReadOnlySpan<int> labels, float smoothing, float scale, ulong dropoutKey, Span<float> denseGradients)
    {
        Forward(pass, dropoutKey);
        Span<float> logits = pass.Logits.Span;
        int correct = 0;
        for (int row = 0; row < labels.Length; row++)
            if (TensorPrimitives.IndexOfMax(logits.Slice(row * Config.Classes, Config.Classes)) == labels[row]) correct++;
        double loss = CrossEntropy.ForwardBackward(logits, Config.Classes, labels, smoothing, scale);
        Backward(pass, dropoutKey, denseGradients);
        return (loss, correct);
    }

    /// <summary>Adds the embedding's gradient of the last <see cref="ForwardBackward"/> to a buffer over all parameters.</summary>
    public void AddEmbeddingGradient(ClassifierPass pass, Span<float> gradients) =>
        _embedding?.Backward(pass.Batch.Ids, pass.Batch.Width, pass.InputGradient.Span, gradients);

    /// <summary>Zeroes what <see cref="AddEmbeddingGradient"/> wrote.</summary>
    public void ClearEmbeddingGradient(ClassifierPass pass, Span<float> gradients) => _embedding?.ClearGradient(pass.Batch.Ids, gradients);

    /// <summary>Scales the head in a buffer laid out like the parameters, so that every logit is multiplied by <paramref name="factor"/>.</summary>
    public void ScaleLogits(Span<float> values, float factor) => _head.Scale(values, factor);

    private Span<float> Forward(ClassifierPass pass, ulong? dropoutKey)
    {
        Workspace workspace = pass.Workspace;
        SequenceLayout layout = pass.Batch.Layout;
        ulong key = dropoutKey ?? 0;
        float embeddingDropout = dropoutKey is null ? 0 : Config.EmbeddingDropout;
        float dropout = dropoutKey is null ? 0 : Config.Dropout;
        workspace.Reset();
        Memory<float> x = workspace.Rent(layout.Tokens * Config.InputSize);
        if (_embedding is null) pass.Batch.Frames.CopyTo(x.Span);
        else _embedding.Forward(pass.Batch.Ids, pass.Batch.Width, x.Span);
        if (_embedding is not null) Dropout.Apply(x.Span, Config.InputSize, layout, pass.Batch.RowIds, embeddingDropout, RandomSource.Key(key, EmbeddingSite));
        _stack.ZeroStates(pass.Stack.States, layout.Rows, workspace);
        _stack.Forward(x, layout, pass.Batch.RowIds, dropout, RandomSource.Key(key, StackSite), pass.Stack, workspace);
        Pool(pass);
        Dropout.Apply(pass.Pooled.Span, _stack.OutputSize, pass.Batch.RowIds, dropout, RandomSource.Key(key, HeadSite));
        pass.Logits = workspace.Rent(layout.Rows * Config.Classes);
        _head.Forward(pass.Pooled.Span, layout.Rows, pass.Logits.Span);
        return pass.Logits.Span;
    }

    private void Backward(ClassifierPass pass, ulong key, Span<float> gradients)
    {
        Workspace workspace = pass.Workspace;
        SequenceLayout layout = pass.Batch.Layout;
        Memory<float> dPooled = workspace.RentZeroed(layout.Rows * _stack.OutputSize);
        _head.Backward(pass.Pooled.Span, layout.Rows, pass.Logits.Span, dPooled.Span, gradients, workspace);
        Dropout.Apply(dPooled.Span, _stack.OutputSize, pass.Batch.RowIds, Config.Dropout, RandomSource.Key(key, HeadSite));
        Memory<float> dy = workspace.RentZeroed(layout.Tokens * _stack.OutputSize);
        _stack.ZeroStates(pass.Stack.StateGradients, layout.Rows, workspace);
        PoolBackward(pass, dPooled.Span, dy.Span);
        pass.InputGradient = _embedding is null ? default : workspace.RentZeroed(layout.Tokens * Config.InputSize);
        _stack.Backward(dy, layout, pass.Batch.RowIds, Config.Dropout, RandomSource.Key(key, StackSite), pass.Stack, pass.InputGradient.Span, gradients, workspace);
        if (_embedding is not null) Dropout.Apply(pass.InputGradient.Span, Config.InputSize, layout, pass.Batch.RowIds, Config.EmbeddingDropout, RandomSource.Key(key, EmbeddingSite));
    }

    private void Pool(ClassifierPass pass)
    {
        SequenceLayout layout = pass.Batch.Layout;
        pass.Pooled = pass.Workspace.Rent(layout.Rows * _stack.OutputSize);
        if (Config.Pooling == PoolingKind.Last) Pooling.LastForward(TopStates(pass.Stack.States), Config.HiddenSize, layout.Rows, pass.Pooled.Span);
        else Pooling.Forward(Config.Pooling, pass.Stack.Top.Span, _stack.OutputSize, layout, pass.Pooled.Span, pass.MaximumSteps(layout.Rows * _stack.OutputSize));
    }

    private void PoolBackward(ClassifierPass pass, ReadOnlySpan<float> dPooled, Span<float> dy)
    {
        SequenceLayout layout = pass.Batch.Layout;
        if (Config.Pooling == PoolingKind.Last) Pooling.LastBackward(dPooled, Config.HiddenSize, layout.Rows, TopStates(pass.Stack.StateGradients));
        else Pooling.Backward(Config.Pooling, dPooled, _stack.OutputSize, layout, pass.MaximumSteps(layout.Rows * _stack.OutputSize), dy);
    }

    private ReadOnlySpan<CellState> TopStates(CellState[] states) => states.AsSpan(states.Length - (_stack.OutputSize / Config.HiddenSize));
}
