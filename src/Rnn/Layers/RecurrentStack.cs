using Rnn.Cells;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>What one pass through a <see cref="RecurrentStack"/> leaves behind; belongs to the caller and is reused from pass to pass.</summary>
public sealed class StackActivations
{
    internal StackActivations(RecurrentStack stack)
    {
        int cells = stack.Cells.Count;
        Outputs = new Memory<float>[stack.Layers + 1];
        States = new CellState[cells];
        StateGradients = new CellState[cells];
        Traces = new CellTrace[cells];
        Tables = [.. stack.Cells.Select(cell => cell.CreateTableGradient()).OfType<RecurrentCell.TableGradient>()];
    }

    /// <summary>The input of each layer and, last, the output of the top one: <c>[tokens, ·]</c>. Not to be changed before the backward pass, whose states they may be.</summary>
    public Memory<float>[] Outputs { get; }

    /// <summary>States by layer × directions + direction: initial ones before a pass, final ones after it.</summary>
    public CellState[] States { get; }

    /// <summary>Gradients of the final states before a backward pass, of the initial ones after it.</summary>
    public CellState[] StateGradients { get; }

    /// <summary>The output of the top layer, <c>[tokens, directions · H]</c>.</summary>
    public Memory<float> Top => Outputs[^1];

    /// <summary>Where a backward pass notes the size of the states' gradients, by layer × directions + direction; null where nobody asks.</summary>
    public StateGradientNorms[]? GradientNorms { get; set; }

    /// <summary>From which end a single row goes through the recurrent weights next, where no trace is kept.</summary>
    internal bool FromEnd { get; set; }

    internal CellTrace[] Traces { get; }

    /// <summary>The gradients of what an embedding is folded into, of each direction; none where it is not.</summary>
    internal RecurrentCell.TableGradient[] Tables { get; }
}

/// <summary>Layers × directions of one cell, dropout between the layers; directions side by side (Schuster &amp; Paliwal 1997).</summary>
public sealed class RecurrentStack
{
    private readonly RecurrentCell[] _cells;
    private readonly int _directions;

    /// <summary>Declares the parameters of all cells with PyTorch's names under <paramref name="prefix"/>.</summary>
    public RecurrentStack(ParameterSet parameters, string prefix, CellKind kind, int inputSize, int hiddenSize, int layers, bool bidirectional, bool bias = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layers);
        _directions = bidirectional ? 2 : 1;
        Layers = layers;
        OutputSize = _directions * hiddenSize;
        _cells = new RecurrentCell[layers * _directions];
        for (int i = 0; i < _cells.Length; i++)
        {
            string suffix = $"_l{i / _directions}{(i % _directions == 1 ? "_reverse" : "")}";
            _cells[i] = RecurrentCell.Create(kind, parameters, prefix, suffix, i < _directions ? inputSize : OutputSize, hiddenSize, bias);
        }

        StateSize = _cells.Sum(cell => cell.HasCellState ? 2 * hiddenSize : hiddenSize);
    }

    /// <summary>Layers.</summary>
    public int Layers { get; }

    /// <summary>Features of a step of the top layer: directions × H.</summary>
    public int OutputSize { get; }

    /// <summary>Floats of one row's state: h and, for LSTM, c of every layer and direction.</summary>
    public int StateSize { get; }

    /// <summary>The cells, by layer × directions + direction.</summary>
    public IReadOnlyList<RecurrentCell> Cells => _cells;

    /// <summary>Buffers for passes of this stack.</summary>
    public StackActivations CreateActivations() => new(this);

    /// <summary>Lets the bottom layer read the tokens of an embedding themselves.</summary>
    internal void Fold(Parameter embedding)
    {
        foreach (RecurrentCell cell in _cells.AsSpan(0, _directions)) cell.Fold(embedding);
    }

    /// <summary>Draws all weights.</summary>
    public void Initialize(RecurrentInit kind, ForgetBias forgetBias, ref RandomSource random)
    {
        foreach (RecurrentCell cell in _cells) cell.Initialize(kind, forgetBias, ref random);
    }

    /// <summary>What keeps packed weights.</summary>
    public IEnumerable<IPackable> Packables => _cells.SelectMany(cell => cell.Packables);

    /// <summary>Packs all weights; call after every change of them.</summary>
    public void Pack(bool training)
    {
        foreach (IPackable part in Packables) part.Pack(training);
    }

    /// <summary>Sets zero initial states for a batch.</summary>
    public void ZeroStates(CellState[] states, int rows, Workspace workspace)
    {
        for (int i = 0; i < _cells.Length; i++) states[i] = CellState.Zero(_cells[i], rows, workspace);
    }

    /// <summary>Sets initial states from a table whose rows of at least <see cref="StateSize"/> floats are <paramref name="stride"/> apart; row i of the batch takes the table's row <c>rowIds[i]</c>.</summary>
    public void LoadStates(Span<float> table, int stride, ReadOnlySpan<int> rowIds, CellState[] states, Workspace workspace)
    {
        for (int i = 0; i < _cells.Length; i++) states[i] = CellState.Rent(_cells[i], rowIds.Length, workspace);
        Exchange(table, stride, rowIds, states, static (inTable, inState) => inTable.CopyTo(inState));
    }

    /// <summary>The reverse of <see cref="LoadStates"/>.</summary>
    public void StoreStates(Span<float> table, int stride, ReadOnlySpan<int> rowIds, CellState[] states) =>
        Exchange(table, stride, rowIds, states, static (inTable, inState) => inState.CopyTo(inTable));

    /// <summary>
    /// Runs <paramref name="x"/> <c>[tokens, I]</c> through all layers; <see cref="StackActivations.States"/> must hold the initial states.
    /// A <paramref name="feed"/> takes part in the scan of the bottom layer (one direction only). With a folded embedding its <paramref name="ids"/> stand for x.
    /// </summary>
    public void Forward(Memory<float> x, SequenceLayout layout, ReadOnlySpan<int> rowIds, Dropout dropout, StackActivations activations, Workspace workspace, StepFeed? feed = null, ReadOnlySpan<int> ids = default)
    {
        activations.Outputs[0] = x;
        for (int layer = 0; layer < Layers; layer++)
        {
            // One direction over rows of one length leaves its outputs where it started its steps from.
            bool ownsY = _directions == 2 || !layout.IsEven;
            Memory<float> y = ownsY ? workspace.Rent(layout.Tokens * OutputSize) : default;
            for (int direction = 0; direction < _directions; direction++)
            {
                int i = (layer * _directions) + direction;
                Span<float> columns = ownsY ? y.Span[(direction * _cells[i].HiddenSize)..] : default;
                activations.Traces[i] = _cells[i].Forward(activations.Outputs[layer].Span, layout, direction == 1, activations.States[i], columns, OutputSize, workspace, layer == 0 ? feed : null, layer == 0 ? ids : default);
            }

            if (!ownsY) y = activations.Traces[layer].Y;
            activations.Outputs[layer + 1] = layer == Layers - 1 ? y : dropout.Of(layer).Masked(y, OutputSize, layout, rowIds, workspace);
        }
    }

    /// <summary>
    /// <paramref name="dy"/> is the gradient of the top output (overwritten if there are layers below); adds to <paramref name="gradients"/> and, unless empty, to <paramref name="dx"/>.
    /// <see cref="StackActivations.StateGradients"/> must hold the gradients of the final states. Without dy, a feed at the <paramref name="top"/> (one direction only) brings the gradient of the outputs.
    /// </summary>
    public void Backward(
        Memory<float> dy, SequenceLayout layout, ReadOnlySpan<int> rowIds, Dropout dropout, StackActivations activations, Span<float> dx, Span<float> gradients, Workspace workspace, StepFeed? feed = null, ReadOnlySpan<int> ids = default, StepFeed? top = null)
    {
        for (int layer = Layers - 1; layer >= 0; layer--)
        {
            Memory<float> below = layer > 0 ? workspace.RentZeroed(layout.Tokens * OutputSize) : default;
            Span<float> dInput = layer > 0 ? below.Span : dx;
            for (int direction = 0; direction < _directions; direction++)
            {
                int i = (layer * _directions) + direction;
                ReadOnlySpan<float> columns = dy.IsEmpty ? default : dy.Span[(direction * _cells[i].HiddenSize)..];
                _cells[i].Backward(activations.Traces[i], activations.Outputs[layer].Span, layout, direction == 1, columns, OutputSize, activations.StateGradients[i], dInput, gradients, workspace, activations.GradientNorms?[i], layer == Layers - 1 && top is not null ? top : layer == 0 ? feed : null, layer == 0 ? ids : default, layer == 0 && !ids.IsEmpty ? activations.Tables[direction] : null);
            }

            if (layer > 0) dropout.Of(layer - 1).Apply(dInput, OutputSize, layout, rowIds);
            dy = below;
        }
    }

    private void Exchange(Span<float> table, int stride, ReadOnlySpan<int> rowIds, CellState[] states, CopyPart copy)
    {
        int hidden = OutputSize / _directions;
        for (int row = 0; row < rowIds.Length; row++)
        {
            Span<float> rest = table.Slice(rowIds[row] * stride, StateSize);
            foreach (CellState state in states)
            {
                copy(rest[..hidden], state.H.Span.Slice(row * hidden, hidden));
                rest = rest[hidden..];
                if (state.C.IsEmpty) continue;
                copy(rest[..hidden], state.C.Span.Slice(row * hidden, hidden));
                rest = rest[hidden..];
            }
        }
    }

    private delegate void CopyPart(Span<float> inTable, Span<float> inState);
}
