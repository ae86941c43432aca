using System.Numerics.Tensors;
using Rnn.Cells;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>What a pass through a <see cref="Bridge"/> leaves behind, for h and, with an LSTM, for c; belongs to the caller.</summary>
public sealed class BridgeActivations
{
    internal Memory<float>[] Inputs { get; } = new Memory<float>[2];

    internal Memory<float>[] Outputs { get; } = new Memory<float>[2];
}

/// <summary>
/// From an encoder's final states to a decoder's initial ones: as they are, layer by layer, where the shapes agree (Sutskever et al. 2014), else <c>tanh(bridge(h))</c> of the top
/// layer's directions side by side (Bahdanau et al. 2015; c of an LSTM without tanh). Weights: none, or <c>bridge.*</c> and <c>bridge_cell.*</c>.
/// </summary>
public sealed class Bridge
{
    private readonly int _encoderHidden;
    private readonly int _decoderHidden;
    private readonly int _from;
    // By part of the state, h and c; null where it is handed on as it is, or not at all.
    private readonly Linear?[] _linear = new Linear?[2];
    private readonly int _parts;

    /// <summary>Declares the weights, if the shapes differ.</summary>
    public Bridge(ParameterSet parameters, EncoderConfig encoder, DecoderConfig decoder)
    {
        _encoderHidden = encoder.HiddenSize;
        _decoderHidden = decoder.HiddenSize;
        _parts = encoder.Cell == CellKind.Lstm && decoder.Cell == CellKind.Lstm ? 2 : 1;
        bool isSame = !encoder.Bidirectional && encoder.HiddenSize == decoder.HiddenSize && encoder.Layers == decoder.Layers && encoder.Cell == decoder.Cell;
        int directions = encoder.Bidirectional ? 2 : 1;
        _from = isSame ? 0 : (encoder.Layers - 1) * directions;
        for (int part = 0; part < _parts && !isSame; part++)
            _linear[part] = new Linear(parameters, part == 0 ? "bridge." : "bridge_cell.", directions * encoder.HiddenSize, decoder.Layers * decoder.HiddenSize);
    }

    /// <summary>What must be packed.</summary>
    public IEnumerable<IPackable> Packables => _linear.OfType<Linear>();

    /// <summary>Draws all weights.</summary>
    public void Initialize(ref RandomSource random)
    {
        foreach (Linear? linear in _linear) linear?.Initialize(ref random);
    }

    /// <summary>Row i of the decoder takes row <c>sources[i]</c> of the encoder; <paramref name="initial"/> must be zero before.</summary>
    public void Forward(CellState[] final, ReadOnlySpan<int> sources, BridgeActivations a, CellState[] initial, Workspace workspace)
    {
        for (int part = 0; part < _parts; part++)
        {
            a.Inputs[part] = a.Outputs[part] = Gather(final.AsSpan(_from), part, _encoderHidden, sources, sources.Length, workspace);
            if (_linear[part] is { } linear)
            {
                a.Outputs[part] = workspace.Rent(sources.Length * linear.OutputSize);
                linear.Forward(a.Inputs[part].Span, sources.Length, a.Outputs[part].Span);
                if (part == 0) foreach (ref float h in a.Outputs[part].Span) h = MathF.Tanh(h);
            }

            ScatterAdd(a.Outputs[part].Span, initial, part, _decoderHidden, default, sources.Length);
        }
    }

    /// <summary>Adds to the gradients of the encoder's final states and to those of the weights.</summary>
    public void Backward(CellState[] dInitial, ReadOnlySpan<int> sources, BridgeActivations a, CellState[] dFinal, Span<float> gradients, Workspace workspace)
    {
        for (int part = 0; part < _parts; part++)
        {
            Memory<float> d = Gather(dInitial, part, _decoderHidden, default, sources.Length, workspace);
            if (_linear[part] is { } linear)
            {
                ReadOnlySpan<float> outputs = a.Outputs[part].Span;
                for (int i = 0; i < outputs.Length && part == 0; i++) d.Span[i] *= 1 - (outputs[i] * outputs[i]);
                Memory<float> dInput = workspace.Rent(a.Inputs[part].Length);
                linear.Backward(a.Inputs[part].Span, sources.Length, d.Span, dInput.Span, gradients, workspace);
                d = dInput;
            }

            ScatterAdd(d.Span, dFinal.AsSpan(_from), part, _encoderHidden, sources, sources.Length);
        }
    }

    /// <summary>One part of several states side by side, <c>[rows, states · hidden]</c>; row i is taken from row <c>rowsOf[i]</c>, or i.</summary>
    private static Memory<float> Gather(ReadOnlySpan<CellState> states, int part, int hidden, ReadOnlySpan<int> rowsOf, int rows, Workspace workspace)
    {
        Memory<float> table = workspace.Rent(rows * states.Length * hidden);
        for (int i = 0; i < rows * states.Length; i++)
            Row(states[i % states.Length], part, hidden, rowsOf, i / states.Length).CopyTo(table.Span[(i * hidden)..]);
        return table;
    }

    /// <summary>The reverse of <see cref="Gather"/>, adding.</summary>
    private static void ScatterAdd(ReadOnlySpan<float> table, ReadOnlySpan<CellState> states, int part, int hidden, ReadOnlySpan<int> rowsOf, int rows)
    {
        for (int i = 0; i < rows * states.Length; i++)
        {
            Span<float> row = Row(states[i % states.Length], part, hidden, rowsOf, i / states.Length);
            TensorPrimitives.Add(row, table.Slice(i * hidden, hidden), row);
        }
    }

    private static Span<float> Row(CellState state, int part, int hidden, ReadOnlySpan<int> rowsOf, int row) =>
        (part == 0 ? state.H : state.C).Span.Slice((rowsOf.IsEmpty ? row : rowsOf[row]) * hidden, hidden);
}
