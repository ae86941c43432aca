using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Cells;

/// <summary>Gated recurrent unit (Cho et al. 2014), gates r, z, n, the reset applied after the recurrent product as in PyTorch.</summary>
internal sealed class GruCell(ParameterSet parameters, string prefix, string suffix, int inputSize, int hiddenSize, bool bias)
    : RecurrentCell(parameters, prefix, suffix, inputSize, hiddenSize, gates: 3, bias)
{
    public override bool HasCellState => false;

    private protected override bool HasOwnRecurrentGradient => true;

    private protected override IReadOnlyList<(string Name, Squashing By)> GateOrder { get; } =
        [("reset", Squashing.Sigmoid), ("update", Squashing.Sigmoid), ("candidate", Squashing.Tanh)];

    private protected override bool Keeps => true;

    /// <summary>With h' = (1 - z) n + z h it is the update gate that keeps.</summary>
    private protected override void InitializeBias(Span<float> bias, ForgetBias forgetBias, ref RandomSource random)
    {
        if (!forgetBias.IsChrono) return;
        foreach (ref float update in bias.Slice(HiddenSize, HiddenSize)) update = forgetBias.Draw(ref random);
    }

    private protected override void StepForward(int rows, InputRows input, CellTrace step, ReadOnlySpan<float> recurrent, CellState state) =>
        GruGates.Forward(rows, HiddenSize, input, step.Gates.Span, recurrent, step.PreviousH.Span, state.H.Span, step.Kept.Span);

    private protected override void StepBackward(int rows, CellTrace step, Span<float> dRecurrent, CellState dState) =>
        GruGates.Backward(rows, HiddenSize, step.Gates.Span, dRecurrent, dState.H.Span, step.PreviousH.Span, step.Kept.Span);
}
