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

    /// <summary>Memory that the table takes.</summary>
    public long SizeInBytes => sizeof(float) * (long)_table.Length;

    private int Tokens => embedding.Shape[0];

    private int Size => embedding.Shape[1];

    /// <summary>Makes the table; call after every change of the weights, when <paramref name="inputProduct"/> is packed.</summary>
    public void Pack(PackedMatrix inputProduct) => MatMul.Multiply(embedding.Values.Span, Tokens, inputProduct, default, _table.Span, width);

    /// <summary>Overwrites <paramref name="y"/> <c>[steps, width]</c> with the bias and the rows of each step's <paramref name="perStep"/> ids; a negative id stands for nothing.</summary>
    public void Forward(ReadOnlySpan<int> ids, int perStep, ReadOnlySpan<float> bias, Span<float> y)
    {
        for (int step = 0; step < ids.Length / perStep; step++)
        {
            Span<float> target = y.Slice(step * width, width);
            if (bias.IsEmpty) target.Clear();
            else bias.CopyTo(target);
            foreach (int id in ids.Slice(step * perStep, perStep))
                if (id >= 0) TensorPrimitives.Add(target, _table.Span.Slice(id * width, width), target);
        }
    }

    /// <summary>Adds to the gradients of <paramref name="weight"/> <c>[width, E]</c> and of the embedding.</summary>
    public void Backward(ReadOnlySpan<int> ids, int perStep, ReadOnlySpan<float> dy, Parameter weight, PackedMatrix inputGradient, Span<float> gradients, Workspace workspace)
    {
        Span<float> dTable = workspace.RentZeroed(Tokens * width).Span;
        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] < 0) continue;
            Span<float> row = dTable.Slice(ids[i] * width, width);
            TensorPrimitives.Add(row, dy.Slice(i / perStep * width, width), row);
        }

        Span<float> scratch = workspace.Rent(MatMul.ScratchLength(Tokens, width, Size)).Span;
        MatMul.MultiplyTransposedAdd(dTable, width, width, embedding.Values.Span, Size, Size, Tokens, weight.In(gradients), scratch);
        MatMul.MultiplyAdd(dTable, Tokens, inputGradient, embedding.In(gradients), Size);
    }
}
