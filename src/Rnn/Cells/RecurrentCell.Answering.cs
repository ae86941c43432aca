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

    /// <summary>What the cell reads tokens by itself (<see cref="Fold"/>): its input product is there, and nowhere else.</summary>
    internal FoldedEmbedding? OwnTable => _embedding;

    /// <summary>An embedding <c>[V, I]</c> folded into the input product as it is packed now, of a cell without a table of its own.</summary>
    internal FoldedEmbedding Folded(Parameter embedding)
    {
        var folded = new FoldedEmbedding(embedding, _weightIh, isTrained: false);
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
        ReadOnlySpan<float> bias = _biasIh is null ? default : _biasIh.Values.Span;
        int steps = Math.Clamp(TokensAtOnce / layout.Rows, 1, layout.Steps);
        Memory<float> gates = workspace.Rent(steps * layout.Rows * width);
        Memory<float> recurrent = workspace.Rent(layout.Rows * width);
        // Nothing goes back from here: a step overwrites the state it started from.
        var kept = new CellTrace(default, state.H, RentKept(layout.Rows, workspace), state.H);
        for (int done = 0; done < layout.Steps; done += steps)
        {
            steps = Math.Min(steps, layout.Steps - done);
            int first = reverse ? layout.Steps - done - steps : done;
            int offset = layout.OffsetAt(first);
            if (input.Embedding is null) MatMul.Multiply(input.X[(offset * InputSize)..], layout.OffsetAt(first + steps) - offset, _inputProduct, bias, gates.Span, width);
            for (int i = 0; i < steps; i++, fromEnd = !fromEnd)
            {
                int t = reverse ? first + steps - 1 - i : first + i;
                int rows = layout.RowsAt(t);
                CellTrace step = kept with { Gates = gates.Slice((layout.OffsetAt(t) - offset) * width, rows * width) };
                InputRows inputRows = input.Embedding is { } embedding ? embedding.BringIn(input.Ids.Slice(layout.OffsetAt(t) * input.Width, rows * input.Width), input.Width, bias, step.Gates.Span) : default;
                AnswerStep(rows, inputRows, step, recurrent.Span[..(rows * width)], state, fromEnd);
                if (!y.IsEmpty) CopyRows(state.H.Span[..(rows * HiddenSize)], rows, y[(layout.OffsetAt(t) * yStride)..], yStride);
            }
        }
    }

    private void AnswerStep(int rows, InputRows input, CellTrace step, Span<float> recurrent, CellState state, bool fromEnd)
    {
        ReadOnlySpan<float> h = state.H.Span[..(rows * HiddenSize)];
        ReadOnlySpan<float> bias = _biasHh is null ? default : _biasHh.Values.Span;
        if (rows == 1) RowProduct.Multiply(h, _recurrentProduct, bias, recurrent, fromEnd);
        else MatMul.Multiply(h, rows, _recurrentProduct, bias, recurrent, Gates * HiddenSize);
        StepForward(rows, input, step, recurrent, state);
    }
}
