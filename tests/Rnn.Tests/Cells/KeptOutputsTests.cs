using Rnn.Cells;
using Rnn.Tensors;
using Rnn.Tests.Kernels;
using Rnn.Tests.Layers;

namespace Rnn.Tests.Cells;

/// <summary>A scan that leaves its outputs in the trace beside one that writes them where it is told.</summary>
public sealed class KeptOutputsTests
{
    private const int Steps = 5, Rows = 3, Inputs = 4, Hidden = 19;

    [Theory]
    [InlineData(CellKind.RnnTanh)]
    [InlineData(CellKind.RnnRelu)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.Gru)]
    public void Outputs_states_activity_and_gradients_are_the_same(CellKind kind)
    {
        var rig = new StackRig(kind, Inputs, Hidden);
        rig.Fill(3, 1);
        var (cell, layout, workspace) = (rig.Stack.Cells[0], new SequenceLayout(), new Workspace());
        layout.Assign(Enumerable.Repeat(Steps, Rows).ToArray());
        var (x, dy) = (Widths.Random(Steps * Rows * Inputs, 1), Widths.Random(Steps * Rows * Hidden, 2));

        (float[] Y, float[] Last, CellActivity Activity, float[] Gradients, float[] DX) Scan(float[] y)
        {
            var state = CellState.Zero(cell, Rows, workspace);
            var trace = cell.Forward(x, layout, reverse: false, state, y, yStride: y.Length > 0 ? Hidden : 0, workspace);
            var outputs = y.Length > 0 ? y : trace.Y.ToArray();
            var (activity, gradients, dx) = (cell.Activity(trace), new float[rig.Parameters.Length], new float[x.Length]);
            cell.Backward(trace, x, layout, reverse: false, dy, Hidden, CellState.Zero(cell, Rows, workspace), dx, gradients, workspace);
            return (outputs, state.H.ToArray(), activity, gradients, dx);
        }

        var (want, got) = (Scan(new float[dy.Length]), Scan([]));
        Widths.AssertSameBits(want.Y, got.Y, "y");
        Widths.AssertSameBits(want.Last, got.Last, "the final state");
        Widths.AssertSameBits(want.Gradients, got.Gradients, "gradients of the weights");
        Widths.AssertSameBits(want.DX, got.DX, "gradients of the inputs");
        Assert.Equal(want.Activity.SaturationFraction, got.Activity.SaturationFraction);
        Assert.Equal(want.Activity.GateMeans, got.Activity.GateMeans);
        Assert.NotEqual(0, want.Activity.SaturationFraction);
    }

    [Theory]
    [InlineData(true, 2, "from last to first")]
    [InlineData(false, 1, "different lengths")]
    public void Only_rows_that_all_run_to_the_end_forward_can(bool reverse, int last, string reason)
    {
        var rig = new StackRig(CellKind.Gru, Inputs, Hidden);
        rig.Fill(3, 1);
        var (cell, layout, workspace) = (rig.Stack.Cells[0], new SequenceLayout(), new Workspace());
        layout.Assign([2, last]);
        var refusal = Assert.Throws<ArgumentException>(() => cell.Forward(new float[layout.Tokens * Inputs], layout, reverse, CellState.Zero(cell, 2, workspace), default, Hidden, workspace));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }
}
