using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Cells;

/// <summary>The simple recurrence with tanh (Elman 1990) or ReLU (Le et al. 2015).</summary>
internal sealed class RnnCell(bool relu, ParameterSet parameters, string prefix, string suffix, int inputSize, int hiddenSize, bool bias)
    : RecurrentCell(parameters, prefix, suffix, inputSize, hiddenSize, gates: 1, bias)
{
    public override bool HasCellState => false;

    private protected override IReadOnlyList<(string Name, Squashing By)> GateOrder { get; } = [("state", relu ? Squashing.Relu : Squashing.Tanh)];

    private protected override bool Keeps => false;

    private protected override bool OverwritesGates => false;

    // The states are the activations: to have them once is enough.
    private protected override void StepForward(int rows, InputRows input, CellTrace step, ReadOnlySpan<float> recurrent, CellState state) =>
        RnnGates.Forward(relu, rows, HiddenSize, input, step.Gates.Span, recurrent, state.H.Span, keepsGates: step.Y.IsEmpty);

    private protected override void StepBackward(int rows, CellTrace step, Span<float> dRecurrent, CellState dState) =>
        RnnGates.Backward(relu, rows * HiddenSize, Activated(step), dRecurrent, dState.H.Span);

    private protected override ReadOnlySpan<float> Activated(CellTrace trace) => trace.Y.IsEmpty ? trace.Gates.Span : trace.Y.Span;
}
