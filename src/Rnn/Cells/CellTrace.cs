namespace Rnn.Cells;

/// <summary>What a forward scan keeps for the backward one, token by token in the order of the batch's layout.</summary>
/// <param name="Gates"><c>[tokens, G·H]</c>: activated gates, but for those of a simple recurrence, which <paramref name="Y"/> has if it is there; the backward scan of gated cells turns them into the gradient of the input product.</param>
/// <param name="PreviousH"><c>[tokens, H]</c>: the hidden state that each step started from.</param>
/// <param name="Kept"><c>[tokens, H]</c>: LSTM, the previous cell state; GRU, the recurrent part of n.</param>
/// <param name="Y"><c>[tokens, H]</c>: the state after each step, where the scan had no other place for it, in the memory of <paramref name="PreviousH"/>; else empty.</param>
public readonly record struct CellTrace(Memory<float> Gates, Memory<float> PreviousH, Memory<float> Kept, Memory<float> Y = default)
{
    /// <summary>The part of one step: <paramref name="rows"/> rows from token <paramref name="offset"/> on.</summary>
    internal CellTrace Step(int offset, int rows, int gates, int hidden) => new(
        Gates.Slice(offset * gates * hidden, rows * gates * hidden),
        PreviousH.Slice(offset * hidden, rows * hidden),
        Kept.IsEmpty ? default : Kept.Slice(offset * hidden, rows * hidden),
        Y.IsEmpty ? default : Y.Slice(offset * hidden, rows * hidden));
}
