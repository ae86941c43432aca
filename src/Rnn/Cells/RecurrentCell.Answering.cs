using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Cells;

/// <content>
/// The forward scan where no backward one follows: nothing of a step is kept, so its buffers stay in the cache and are the same at every step.
/// The bits of the states are those of <see cref="Forward"/>.
/// </content>
public abstract partial class RecurrentCell
{
    /// <summary>Tokens whose inputs are multiplied at once: enough rows for the product, and its result stays in the second-level cache.</summary>
    private const int TokensAtOnce = 128;

    /// <summary>For single rows of inputs; not where an embedding is <see cref="Folded"/>, for then none are multiplied.</summary>
    internal void PrepareInputForOneRow() => _inputProduct.PrepareForOneRow();

    /// <summary>An embedding <c>[V, I]</c> folded into the input product as it is packed now: the cell's own where it has one.</summary>
    internal FoldedEmbedding Folded(Parameter embedding)
    {
        if (_embedding is not null) return _embedding;
        var folded = new FoldedEmbedding(embedding, Gates * HiddenSize);
        folded.Pack(_inputProduct);
        return folded;
    }

    /// <summary>
    /// Runs over all steps as <see cref="Forward"/> does; h of every step goes to <paramref name="y"/> unless it is empty.
    /// <paramref name="fromEnd"/> says where a single row begins to go through the recurrent weights and turns at every step (<see cref="RowProduct"/>).
    /// </summary>
    internal void Answer(CellInput input, SequenceLayout layout, bool reverse, CellState state, Span<float> y, int yStride, Workspace workspace, ref bool fromEnd)
    {
        int width = Gates * HiddenSize;
        int steps = Math.Clamp(TokensAtOnce / layout.Rows, 1, layout.Steps);
        Memory<float> gates = workspace.Rent(steps * layout.Rows * width);
        Memory<float> recurrent = workspace.Rent(layout.Rows * width);
        var kept = new CellTrace(default, workspace.Rent(layout.Rows * HiddenSize), RentKept(layout.Rows, workspace));
        for (int done = 0; done < layout.Steps; done += steps)
        {
            steps = Math.Min(steps, layout.Steps - done);
            int first = reverse ? layout.Steps - done - steps : done;
            int offset = layout.OffsetAt(first);
            BringIn(input, offset, layout.OffsetAt(first + steps) - offset, gates.Span);
            for (int i = 0; i < steps; i++, fromEnd = !fromEnd)
            {
                int t = reverse ? first + steps - 1 - i : first + i;
                int rows = layout.RowsAt(t);
                AnswerStep(rows, kept with { Gates = gates.Slice((layout.OffsetAt(t) - offset) * width, rows * width) }, recurrent.Span[..(rows * width)], state, fromEnd);
                if (!y.IsEmpty) CopyRows(state.H.Span[..(rows * HiddenSize)], rows, y[(layout.OffsetAt(t) * yStride)..], yStride);
            }
        }
    }

    private void AnswerStep(int rows, CellTrace step, Span<float> recurrent, CellState state, bool fromEnd)
    {
        ReadOnlySpan<float> h = state.H.Span[..(rows * HiddenSize)];
        ReadOnlySpan<float> bias = _biasHh is null ? default : _biasHh.Values.Span;
        if (rows == 1) RowProduct.Multiply(h, _recurrentProduct, bias, recurrent, fromEnd);
        else MatMul.Multiply(h, rows, _recurrentProduct, bias, recurrent, Gates * HiddenSize);
        h.CopyTo(step.PreviousH.Span);
        StepForward(rows, default, step, recurrent, state);
    }

    /// <summary>The input part of the pre-activations of some tokens.</summary>
    private void BringIn(CellInput input, int first, int tokens, Span<float> gates)
    {
        int width = Gates * HiddenSize;
        ReadOnlySpan<float> bias = _biasIh is null ? default : _biasIh.Values.Span;
        if (input.Embedding is { } embedding) embedding.Forward(input.Ids.Slice(first * input.Width, tokens * input.Width), input.Width, bias, gates);
        else MatMul.Multiply(input.X.Slice(first * InputSize, tokens * InputSize), tokens, _inputProduct, bias, gates, width);
    }
}
