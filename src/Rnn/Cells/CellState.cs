using Rnn.Tensors;

namespace Rnn.Cells;

/// <summary>
/// The state of one layer and direction, or its gradient: <c>[N, H]</c> row-major, rows in the order of the batch.
/// A forward scan turns the initial state into the final one in place (rows that have ended keep theirs); a backward scan turns
/// the gradient of the final state into that of the initial one.
/// </summary>
/// <param name="H">The hidden state.</param>
/// <param name="C">The cell state of an LSTM, else empty.</param>
public readonly record struct CellState(Memory<float> H, Memory<float> C)
{
    /// <summary>A zero state for <paramref name="rows"/> rows of <paramref name="cell"/>.</summary>
    public static CellState Zero(RecurrentCell cell, int rows, Workspace workspace)
    {
        CellState state = Rent(cell, rows, workspace);
        state.H.Span.Clear();
        state.C.Span.Clear();
        return state;
    }

    /// <summary>Room for a state, to be filled.</summary>
    internal static CellState Rent(RecurrentCell cell, int rows, Workspace workspace)
    {
        int length = rows * cell.HiddenSize;
        return new CellState(workspace.Rent(length), cell.HasCellState ? workspace.Rent(length) : default);
    }
}
