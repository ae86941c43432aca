using System.Numerics.Tensors;
using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Cells;

/// <summary>
/// A small embedding <c>[V, E]</c> folded into a cell's input product: <c>E·Wᵀ</c> is made once per update, so that a step looks its input part up instead of
/// multiplying, and the gradient is gathered by token before it is multiplied.
/// </summary>
internal sealed class FoldedEmbedding(Parameter embedding, int width)
{
    private readonly Memory<float> _table = AlignedMemory.Allocate(embedding.Shape[0] * width);
    private Memory<float> _biased;

    /// <summary>Memory that the tables take.</summary>
    public long SizeInBytes => sizeof(float) * ((long)_table.Length + _biased.Length);

    private int Tokens => embedding.Shape[0];

    private int Size => embedding.Shape[1];

    /// <summary>Makes the table; call after every change of the weights, when <paramref name="inputProduct"/> is packed.</summary>
    public void Pack(PackedMatrix inputProduct) => MatMul.Multiply(embedding.Values.Span, Tokens, inputProduct, default, _table.Span, width);

    /// <summary>The same where the table is the cell's own: with each row, and one more that stands for no id, the bias is there already.</summary>
    public void Pack(PackedMatrix inputProduct, ReadOnlySpan<float> bias)
    {
        Pack(inputProduct);
        if (_biased.IsEmpty) _biased = AlignedMemory.Allocate(_table.Length + width);
        _table.CopyTo(_biased);
        Span<float> rows = _biased.Span;
        rows[_table.Length..].Clear();
        for (int at = 0; at < rows.Length && !bias.IsEmpty; at += width) TensorPrimitives.Add(bias, rows.Slice(at, width), rows.Slice(at, width));
    }

    /// <summary>The input part of a step for its gate pass: rows of the table where their bias is there, else, or where a step has more ids, sums in <paramref name="gates"/>.</summary>
    public InputRows BringIn(ReadOnlySpan<int> ids, int perStep, ReadOnlySpan<float> bias, Span<float> gates)
    {
        if (perStep == 1 && !_biased.IsEmpty) return new InputRows(_biased.Span, ids, width);
        Forward(ids, perStep, bias, gates);
        return default;
    }

    /// <summary>Overwrites <paramref name="y"/> <c>[steps, width]</c> with the bias and the rows of each step's <paramref name="perStep"/> ids; a negative id stands for nothing.</summary>
    private void Forward(ReadOnlySpan<int> ids, int perStep, ReadOnlySpan<float> bias, Span<float> y)
    {
        for (int step = 0; step < ids.Length / perStep; step++)
        {
            Span<float> target = y.Slice(step * width, width);
            ReadOnlySpan<float> addend = bias;
            foreach (int id in ids.Slice(step * perStep, perStep))
            {
                if (id < 0) continue;
                ReadOnlySpan<float> row = _table.Span.Slice(id * width, width);
                if (addend.IsEmpty) row.CopyTo(target);
                else TensorPrimitives.Add(addend, row, target);
                addend = target;
            }

            // No id at all.
            if (addend.IsEmpty) target.Clear();
            else if (addend != target) addend.CopyTo(target);
        }
    }

    /// <summary>Zeros for the gradient of the table and, below it, of what has no id.</summary>
    public Span<float> RentTable(Workspace workspace) => workspace.RentZeroed((Tokens + 1) * width).Span;

    /// <summary>Adds the gradient <paramref name="dy"/> <c>[steps, width]</c> to that of the table, to the rows that the steps looked up.</summary>
    public void Gather(ReadOnlySpan<int> ids, int perStep, ReadOnlySpan<float> dy, Span<float> dTable)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            Span<float> row = dTable.Slice((ids[i] < 0 ? Tokens : ids[i]) * width, width);
            TensorPrimitives.Add(row, dy.Slice(i / perStep * width, width), row);
        }
    }

    /// <summary>Adds to the gradients of <paramref name="weight"/> <c>[width, E]</c> and of the embedding.</summary>
    public void Backward(ReadOnlySpan<float> dTable, Parameter weight, PackedMatrix inputGradient, Span<float> gradients, Workspace workspace)
    {
        Span<float> scratch = workspace.Rent(MatMul.ScratchLength(Tokens, width, Size)).Span;
        MatMul.MultiplyTransposedAdd(dTable, width, width, embedding.Values.Span, Size, Tokens, weight.In(gradients), scratch);
        MatMul.MultiplyAdd(dTable, Tokens, inputGradient, embedding.In(gradients), Size);
    }
}
