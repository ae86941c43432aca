using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Cells;

/// <summary>Long short-term memory (Hochreiter &amp; Schmidhuber 1997; forget gate, Gers et al. 2000), gates i, f, g, o; no peepholes.</summary>
internal sealed class LstmCell(ParameterSet parameters, string prefix, string suffix, int inputSize, int hiddenSize, bool bias)
    : RecurrentCell(parameters, prefix, suffix, inputSize, hiddenSize, gates: 4, bias)
{
    public override bool HasCellState => true;

    private protected override IReadOnlyList<(string Name, Squashing By)> GateOrder { get; } =
        [("input", Squashing.Sigmoid), ("forget", Squashing.Sigmoid), ("candidate", Squashing.Tanh), ("output", Squashing.Sigmoid)];

    private protected override bool Keeps => true;

    private protected override void InitializeBias(Span<float> bias, ForgetBias forgetBias, ref RandomSource random)
    {
        for (int j = 0; j < HiddenSize; j++)
        {
            float forget = forgetBias.Draw(ref random);
            bias[HiddenSize + j] = forget;
            if (forgetBias.IsChrono) bias[j] = -forget;
        }
    }

    private protected override void StepForward(int rows, InputRows input, CellTrace step, ReadOnlySpan<float> recurrent, CellState state) =>
        LstmGates.Forward(rows, HiddenSize, input, step.Gates.Span, recurrent, state.C.Span, state.H.Span, step.Kept.Span);

    private protected override void StepBackward(int rows, CellTrace step, Span<float> dRecurrent, CellState dState) =>
        LstmGates.Backward(rows, HiddenSize, step.Gates.Span, dState.H.Span, dState.C.Span, step.Kept.Span);

    /// <summary><c>dc + dh · o · (1 - tanh² c)</c>.</summary>
    private protected override ReadOnlySpan<float> CellGradient(int rows, CellTrace step, CellState dState, Workspace workspace)
    {
        Span<float> total = workspace.Rent(rows * HiddenSize).Span;
        for (int i = 0; i < total.Length; i++)
        {
            ReadOnlySpan<float> gates = step.Gates.Span.Slice((4 * (i - (i % HiddenSize))) + (i % HiddenSize));
            (float input, float forget, float candidate, float o) = (gates[0], gates[HiddenSize], gates[2 * HiddenSize], gates[3 * HiddenSize]);
            float tanhC = MathF.Tanh((forget * step.Kept.Span[i]) + (input * candidate));
            total[i] = dState.C.Span[i] + (dState.H.Span[i] * o * (1 - (tanhC * tanhC)));
        }

        return total;
    }
}
