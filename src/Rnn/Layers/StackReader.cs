using Rnn.Cells;
using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>
/// How recurrent layers read when they only answer: no trace is kept, and the embedding is folded into the input product of the bottom layer, a table
/// <c>[vocabulary, G·H]</c> for each direction, made once per packing and looked up instead of multiplied. Shared by threads like the layers.
/// </summary>
/// <param name="stack">The layers.</param>
/// <param name="embedding">What they read tokens by; null where they read vectors.</param>
/// <param name="readsStepByStep">Whether single steps are read, not only sequences, whose inputs are multiplied many at once.</param>
internal sealed class StackReader(RecurrentStack stack, Embedding? embedding, bool readsStepByStep) : IPackable
{
    /// <summary>Largest vocabulary that is folded: beyond it a text touches so few rows that they are not worth their memory.</summary>
    private const int MostRows = 4096;

    /// <summary>Most floats of all tables together: 8 MiB, so that fifty loaded models stay small.</summary>
    private const int MostFloats = 1 << 21;

    private readonly int _directions = stack.Cells.Count / stack.Layers;
    private readonly FoldedEmbedding[] _own = [.. stack.Cells.Select(cell => cell.OwnTable).OfType<FoldedEmbedding>()];
    // For answering, where the cells have none.
    private FoldedEmbedding[]? _made;

    private FoldedEmbedding[] Folded => _made ?? _own;

    /// <summary>Memory that the tables take.</summary>
    public long SizeInBytes => Folded.Sum(folded => folded.SizeInBytes);

    /// <summary>Folds the embedding, after the cells were packed, unless they have folded it themselves; weights that are trained change too often for it. The tables are fp32 always: a step reads one row.</summary>
    public void Pack(bool training, WeightPrecision precision = WeightPrecision.Fp32)
    {
        _made = null;
        if (training) return;
        RecurrentCell[] bottom = [.. stack.Cells.Take(_directions)];
        if (_own.Length == 0 && embedding?.VocabularySize <= MostRows && bottom.Sum(cell => (long)embedding.VocabularySize * cell.Gates * cell.HiddenSize) <= MostFloats)
            _made = Array.ConvertAll(bottom, cell => cell.Folded(embedding.Weight));
        if (!readsStepByStep) return;
        foreach (RecurrentCell cell in stack.Cells.Skip(Folded.Length)) cell.PrepareInputForOneRow();
    }

    /// <summary>
    /// Runs ids <c>[tokens, width]</c>, or vectors <paramref name="x"/> <c>[tokens, I]</c> where there are none, through all layers. <see cref="StackActivations.States"/> must hold the initial states
    /// and then holds the final ones; the top output is left in <see cref="StackActivations.Top"/> only if <paramref name="keepsTop"/>.
    /// </summary>
    public void Read(ReadOnlySpan<int> ids, int width, ReadOnlySpan<float> x, SequenceLayout layout, StackActivations activations, Workspace workspace, bool keepsTop = true)
    {
        if (!ids.IsEmpty && Folded.Length == 0)
        {
            Memory<float> embedded = workspace.Rent(layout.Tokens * embedding!.Size);
            embedding.Forward(ids, width, embedded.Span);
            ids = default;
            x = embedded.Span;
        }

        bool fromEnd = activations.FromEnd;
        for (int layer = 0; layer < stack.Layers; layer++)
        {
            bool isKept = keepsTop || layer < stack.Layers - 1;
            Memory<float> y = isKept ? workspace.Rent(layout.Tokens * stack.OutputSize) : default;
            for (int direction = 0; direction < _directions; direction++)
            {
                int i = (layer * _directions) + direction;
                fromEnd = activations.FromEnd;
                CellInput input = layer > 0 || ids.IsEmpty ? new CellInput(x) : new CellInput(ids, width, Folded[direction]);
                stack.Cells[i].Answer(input, layout, direction == 1, activations.States[i], isKept ? y.Span[(direction * stack.Cells[i].HiddenSize)..] : default, stack.OutputSize, workspace, ref fromEnd);
            }

            activations.Outputs[layer + 1] = y;
            x = y.Span;
        }

        activations.FromEnd = fromEnd;
    }
}
