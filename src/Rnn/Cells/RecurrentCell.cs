using System.Numerics.Tensors;
using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Cells;

/// <summary>Which recurrence.</summary>
public enum CellKind
{
    /// <summary><c>h' = tanh(W x + b + U h + d)</c> (Elman 1990).</summary>
    RnnTanh,

    /// <summary>The same with max(0, ·) (Le et al. 2015).</summary>
    RnnRelu,

    /// <summary>Long short-term memory (Hochreiter &amp; Schmidhuber 1997).</summary>
    Lstm,

    /// <summary>Gated recurrent unit (Cho et al. 2014).</summary>
    Gru,
}

/// <summary>
/// One recurrent layer in one direction: the scan over time, forward and backward.
/// One product brings the inputs of all steps in; each step adds one product with the state and one fused pass over the gates;
/// backward, the weight gradients of all steps are again one product each. Weights and names are PyTorch's.
/// The cell holds weights only: everything a pass needs belongs to its caller, so any number of threads may share a cell.
/// </summary>
public abstract partial class RecurrentCell
{
    private readonly Parameter _weightIh;
    private readonly Parameter _weightHh;
    private readonly Parameter? _biasIh;
    private readonly Parameter? _biasHh;
    private readonly PackedMatrix _inputProduct;
    private readonly PackedMatrix _recurrentProduct;
    private PackedMatrix? _inputGradient;
    private PackedMatrix? _recurrentGradient;
    private FoldedEmbedding? _embedding;

    private protected RecurrentCell(ParameterSet parameters, string prefix, string suffix, int inputSize, int hiddenSize, int gates, bool bias)
    {
        InputSize = inputSize;
        HiddenSize = hiddenSize;
        Gates = gates;
        _weightIh = parameters.Add($"{prefix}weight_ih{suffix}", [gates * hiddenSize, inputSize]);
        _weightHh = parameters.Add($"{prefix}weight_hh{suffix}", [gates * hiddenSize, hiddenSize]);
        if (bias)
        {
            _biasIh = parameters.Add($"{prefix}bias_ih{suffix}", [gates * hiddenSize]);
            _biasHh = parameters.Add($"{prefix}bias_hh{suffix}", [gates * hiddenSize]);
        }

        _inputProduct = new PackedMatrix(inputSize, gates * hiddenSize);
        _recurrentProduct = new PackedMatrix(hiddenSize, gates * hiddenSize);
    }

    /// <summary>Features of one input step (I).</summary>
    public int InputSize { get; }

    /// <summary>Features of the state (H).</summary>
    public int HiddenSize { get; }

    /// <summary>Blocks of H rows in the weights (G): 1, 3 or 4.</summary>
    public int Gates { get; }

    /// <summary>Whether the state has a second part, c.</summary>
    public abstract bool HasCellState { get; }

    /// <summary>The block <c>[H, H]</c> of the recurrent weights whose product with the state becomes the next state (of gated cells: the candidate).</summary>
    public ReadOnlySpan<float> CandidateWeights => _weightHh.Values.Span.Slice(GateOrder.TakeWhile(gate => gate.By == Squashing.Sigmoid).Count() * HiddenSize * HiddenSize, HiddenSize * HiddenSize);

    /// <summary>The gates as they lie in the weights.</summary>
    private protected abstract IReadOnlyList<(string Name, Squashing By)> GateOrder { get; }

    /// <summary>Whether input and recurrent part of a pre-activation have different gradients, and some of the state's passes by the recurrent product (GRU).</summary>
    private protected virtual bool HasOwnRecurrentGradient => false;

    /// <summary>Whether the gates become the gradient of the input product where they lie; else that lies with the recurrent one, until it is summed.</summary>
    private protected virtual bool OverwritesGates => true;

    /// <summary>Makes the cell of a kind; parameters are named <c>{prefix}weight_ih{suffix}</c> and so on.</summary>
    public static RecurrentCell Create(CellKind kind, ParameterSet parameters, string prefix, string suffix, int inputSize, int hiddenSize, bool bias = true) => kind switch
    {
        CellKind.RnnTanh => new RnnCell(false, parameters, prefix, suffix, inputSize, hiddenSize, bias),
        CellKind.RnnRelu => new RnnCell(true, parameters, prefix, suffix, inputSize, hiddenSize, bias),
        CellKind.Lstm => new LstmCell(parameters, prefix, suffix, inputSize, hiddenSize, bias),
        CellKind.Gru => new GruCell(parameters, prefix, suffix, inputSize, hiddenSize, bias),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Unknown cell."),
    };

    /// <summary>Draws the weights: inputs after Glorot, the recurrent matrix as asked, biases zero but for <paramref name="forgetBias"/>.</summary>
    public void Initialize(RecurrentInit kind, ForgetBias forgetBias, ref RandomSource random)
    {
        for (int gate = 0; gate < Gates; gate++)
            Initializers.Xavier(_weightIh.Values.Span.Slice(gate * HiddenSize * InputSize, HiddenSize * InputSize), InputSize, HiddenSize, ref random);
        Initializers.Recurrent(_weightHh.Values.Span, HiddenSize, kind, ref random);
        _biasIh?.Values.Span.Clear();
        _biasHh?.Values.Span.Clear();
        if (_biasIh is not null) InitializeBias(_biasIh.Values.Span, forgetBias, ref random);
    }

    /// <summary>Lets the cell read the tokens of an embedding <c>[V, I]</c> themselves; the embedding's gradient is then the cell's to add.</summary>
    internal void Fold(Parameter embedding) => _embedding = new FoldedEmbedding(embedding, _weightIh, isTrained: true);

    /// <summary>The input and the recurrent weights, for either way, which may be packed at the same time.</summary>
    public IEnumerable<IPackable> Packables =>
    [
        .. PackInput(),
        new Packing((training, _) => PackGradient(training, ref _inputGradient, _weightIh)),
        new Packing(PackRecurrent),
        new Packing((training, _) => PackGradient(training, ref _recurrentGradient, _weightHh)),
    ];

    private IEnumerable<IPackable> PackInput() => _embedding is not { } embedding
        ? [new Packing((_, precision) => _inputProduct.PackTransposed(_weightIh.Values.Span, precision))]
        : Enumerable.Range(0, FoldedEmbedding.Parts).Select(part => new Packing((_, precision) => embedding.Pack(part, _biasIh is null ? default : _biasIh.Values.Span, precision)));

    private void PackRecurrent(bool training, WeightPrecision precision)
    {
        _recurrentProduct.PackTransposed(_weightHh.Values.Span, precision);
        if (!training) _recurrentProduct.PrepareForOneRow();
    }

    private static void PackGradient(bool training, ref PackedMatrix? packed, Parameter weight)
    {
        if (training) (packed ??= new PackedMatrix(weight.Shape[0], weight.Shape[1])).Pack(weight.Values.Span);
    }

    /// <summary>
    /// Runs over all steps, last to first if <paramref name="reverse"/> (each row then starts at its own last step).
    /// <paramref name="x"/> is <c>[tokens, I]</c>; h of every step goes to <paramref name="y"/>, H values in rows <paramref name="yStride"/> apart.
    /// If that is empty, it is left in <see cref="CellTrace.Y"/> without a copy; only first to last, and where all rows run to the end.
    /// A <paramref name="feed"/> that completes the inputs on the way has them multiplied step by step. With <paramref name="ids"/> of a folded embedding there are no inputs.
    /// </summary>
    /// <exception cref="ArgumentException">There is no y for a scan that needs one.</exception>
    public CellTrace Forward(
        ReadOnlySpan<float> x, SequenceLayout layout, bool reverse, CellState state, Span<float> y, int yStride, Workspace workspace, StepFeed? feed = null, ReadOnlySpan<int> ids = default)
    {
        int width = Gates * HiddenSize;
        bool sharesStates = y.IsEmpty;
        if (sharesStates && (reverse || !layout.IsEven)) throw new ArgumentException($"A scan {(reverse ? "from last to first" : "over rows of different lengths")} needs a place for its outputs.", nameof(y));
        int length = layout.Tokens * HiddenSize, first = sharesStates ? layout.Rows * HiddenSize : 0;
        Memory<float> states = workspace.Rent(first + length);
        var trace = new CellTrace(workspace.Rent(layout.Tokens * width), states[..length], RentKept(layout.Tokens, workspace), sharesStates ? states[first..] : default);
        if (sharesStates)
        {
            y = trace.Y.Span;
            yStride = HiddenSize;
        }

        Span<float> recurrent = workspace.Rent(layout.Rows * width).Span;
        ReadOnlySpan<float> biasHh = _biasHh is null ? default : _biasHh.Values.Span;
        ReadOnlySpan<float> biasIh = _biasIh is null ? default : _biasIh.Values.Span;
        int perStep = ids.Length / layout.Tokens;
        bool completes = feed is { CompletesInputs: true };
        if (!completes && ids.IsEmpty) MatMul.Multiply(x, layout.Tokens, _inputProduct, biasIh, trace.Gates.Span, width);
        for (int i = 0; i < layout.Steps; i++)
        {
            int t = reverse ? layout.Steps - 1 - i : i;
            int rows = layout.RowsAt(t);
            CellTrace step = trace.Step(layout.OffsetAt(t), rows, Gates, HiddenSize);
            Span<float> before = step.PreviousH.Span;
            if (i == 0 || !layout.IsEven) state.H.Span[..(rows * HiddenSize)].CopyTo(before);
            if (completes)
            {
                feed!.BeforeStep(t, before);
                MatMul.Multiply(x.Slice(layout.OffsetAt(t) * InputSize, rows * InputSize), rows, _inputProduct, biasIh, step.Gates.Span, width);
            }

            InputRows input = ids.IsEmpty ? default : _embedding!.BringIn(ids.Slice(layout.OffsetAt(t) * perStep, rows * perStep), perStep, biasIh, step.Gates.Span);
            MatMul.Multiply(before, rows, _recurrentProduct, biasHh, recurrent, width);
            Memory<float> after = state.H[..(rows * HiddenSize)];
            // Where all rows run to the end, a step leaves its state where the next one starts, and nothing is copied.
            if (layout.IsEven && i < layout.Steps - 1) after = trace.PreviousH.Slice(layout.OffsetAt(reverse ? t - 1 : t + 1) * HiddenSize, rows * HiddenSize);
            StepForward(rows, input, step, recurrent, state with { H = after });
            feed?.AfterStep(t, after.Span);
            if (!sharesStates || i == layout.Steps - 1) CopyRows(after.Span, rows, y[(layout.OffsetAt(t) * yStride)..], yStride);
        }

        return trace;
    }

    /// <summary>
    /// Back-propagates through all steps of <see cref="Forward"/> (Werbos 1990). <paramref name="dy"/> has the layout of y, or is empty where a <paramref name="feed"/> brings it;
    /// <paramref name="dState"/> holds the gradient of the final state and receives that of the initial one.
    /// Adds to <paramref name="gradients"/> (laid out like the parameters) and, unless it is empty, to <paramref name="dx"/> <c>[tokens, I]</c>. Consumes the trace.
    /// Notes the size of the state's gradient at every step in <paramref name="norms"/>, if given.
    /// </summary>
    public void Backward(
        CellTrace trace, ReadOnlySpan<float> x, SequenceLayout layout, bool reverse, ReadOnlySpan<float> dy, int dyStride, CellState dState, Span<float> dx, Span<float> gradients, Workspace workspace,
        StateGradientNorms? norms = null, StepFeed? feed = null, ReadOnlySpan<int> ids = default, TableGradient? table = null)
    {
        if (_recurrentGradient is null || _inputGradient is null) throw new InvalidOperationException("The cell was packed for inference; pack it for training first.");
        bool completes = feed is { CompletesInputs: true };
        var sums = new GradientSums(this, trace, x, ids, layout, reverse, completes ? default : dx, gradients, workspace, table);
        // Where all rows run to the end and all of dh comes out of a product, the gradient of the next output is added there.
        bool addsAhead = !dy.IsEmpty && feed is null && !HasOwnRecurrentGradient && layout.IsEven;
        for (int i = layout.Steps - 1; i >= 0; i--)
        {
            int t = reverse ? layout.Steps - 1 - i : i;
            int rows = layout.RowsAt(t);
            int offset = layout.OffsetAt(t);
            Span<float> dh = dState.H.Span[..(rows * HiddenSize)];
            if (!dy.IsEmpty && (!addsAhead || i == layout.Steps - 1)) AddRows(dy[(offset * dyStride)..], rows, dyStride, dh);
            feed?.AfterStepBackward(t, dh);
            CellTrace step = trace.Step(offset, rows, Gates, HiddenSize);
            norms?.Note(t, rows, dh, CellGradient(rows, step, dState, workspace));
            Span<float> dStep = sums.RecurrentGradient(offset, rows);
            StepBackward(rows, step, dStep, dState);
            if (addsAhead && i > 0) MatMul.MultiplyAdd(dStep, rows, _recurrentGradient, dy[(layout.OffsetAt(reverse ? t + 1 : t - 1) * dyStride)..], dyStride, dh, HiddenSize);
            else MatMul.MultiplyAdd(dStep, rows, _recurrentGradient, dh, HiddenSize, overwrites: !HasOwnRecurrentGradient);
            if (completes)
            {
                Span<float> dxStep = dx.Slice(offset * InputSize, rows * InputSize);
                MatMul.MultiplyAdd(HasOwnRecurrentGradient ? step.Gates.Span : dStep, rows, _inputGradient, dxStep, InputSize);
                feed!.BeforeStepBackward(t, dxStep, dh);
            }

            sums.Take(offset, rows);
        }

        sums.Finish();
    }

    /// <summary>What the activations of a <see cref="Forward"/> were; before <see cref="Backward"/> consumes its trace.</summary>
    internal CellActivity Activity(CellTrace trace) => CellActivity.Of(Activated(trace), HiddenSize, GateOrder);

    /// <summary>The activated gates <c>[tokens, G·H]</c> of a forward scan, or of a step.</summary>
    private protected virtual ReadOnlySpan<float> Activated(CellTrace trace) => trace.Gates.Span;

    /// <summary>The non-zero biases at the start.</summary>
    private protected virtual void InitializeBias(Span<float> bias, ForgetBias forgetBias, ref RandomSource random)
    {
    }

    /// <summary>The whole gradient of the cell state after a step, its way through h included; empty for a cell without one.</summary>
    private protected virtual ReadOnlySpan<float> CellGradient(int rows, CellTrace step, CellState dState, Workspace workspace) => default;

    /// <summary>Whether the gate pass keeps a buffer of <c>[tokens, H]</c>.</summary>
    private protected abstract bool Keeps { get; }

    /// <summary>The gate pass of one step: pre-activations to gates, the state one step on.</summary>
    private protected abstract void StepForward(int rows, InputRows input, CellTrace step, ReadOnlySpan<float> recurrent, CellState state);

    /// <summary>Its gradient: from gates to those of the pre-activations, in their place or in <paramref name="dRecurrent"/>; dH of a cell with a recurrent gradient of its own is left with what passes by the recurrent product.</summary>
    private protected abstract void StepBackward(int rows, CellTrace step, Span<float> dRecurrent, CellState dState);

    /// <summary>Rows side by side to rows <paramref name="stride"/> apart.</summary>
    private void CopyRows(ReadOnlySpan<float> h, int rows, Span<float> y, int stride)
    {
        if (stride == HiddenSize) h.CopyTo(y);
        else for (int row = 0; row < rows; row++) h.Slice(row * HiddenSize, HiddenSize).CopyTo(y[(row * stride)..]);
    }

    /// <summary>Adds rows <paramref name="stride"/> apart to rows side by side.</summary>
    private void AddRows(ReadOnlySpan<float> dy, int rows, int stride, Span<float> dh)
    {
        if (stride == HiddenSize) TensorPrimitives.Add(dh, dy[..dh.Length], dh);
        else for (int row = 0; row < rows; row++) TensorPrimitives.Add(dh.Slice(row * HiddenSize, HiddenSize), dy.Slice(row * stride, HiddenSize), dh.Slice(row * HiddenSize, HiddenSize));
    }

    private sealed class Packing(Action<bool, WeightPrecision> pack) : IPackable
    {
        public void Pack(bool training, WeightPrecision precision = WeightPrecision.Fp32) => pack(training, precision);
    }

    private Memory<float> RentKept(int tokens, Workspace workspace) => Keeps ? workspace.Rent(tokens * HiddenSize) : default;
}
