using System.Numerics.Tensors;
using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Cells;

/// <summary>
/// A small embedding <c>[V, E]</c> folded into a cell's input product: <c>E·Wᵀ</c> is made once per update, so that a step looks its input part up instead of
/// multiplying, and the gradient is gathered by token before it is multiplied (<see cref="RecurrentCell.TableGradient"/>).
/// </summary>
/// <param name="embedding"><c>E</c>, <c>[V, I]</c>.</param>
/// <param name="weight"><c>W</c>, <c>[G·H, I]</c>.</param>
/// <param name="isTrained">Whether the table is the cell's own, packed by parts after every update: then its rows are kept with the bias too.</param>
internal sealed class FoldedEmbedding(Parameter embedding, Parameter weight, bool isTrained)
{
    /// <summary>In how many parts a table that is trained is made, and its gradient multiplied; they may be done at the same time.</summary>
    public const int Parts = 4;

    private readonly Memory<float> _table = AlignedMemory.Allocate(embedding.Shape[0] * weight.Shape[0]);
    private readonly Memory<float> _biased = isTrained ? AlignedMemory.Allocate((embedding.Shape[0] + 1) * weight.Shape[0]) : default;
    private readonly PackedMatrix?[] _slices = new PackedMatrix?[isTrained ? Parts : 0];

    /// <summary>Memory that the tables take.</summary>
    public long SizeInBytes => sizeof(float) * ((long)_table.Length + _biased.Length);

    /// <summary><c>E</c>.</summary>
    public Parameter Embedding => embedding;

    private int Tokens => embedding.Shape[0];

    private int Size => embedding.Shape[1];

    private int Width => weight.Shape[0];

    /// <summary>Makes a table that is not trained, when <paramref name="inputProduct"/> is packed.</summary>
    public void Pack(PackedMatrix inputProduct) => MatMul.Multiply(embedding.Values.Span, Tokens, inputProduct, default, _table.Span, Width);

    /// <summary>Makes some columns of a table that is trained; call for each part after every change of the weights. With each row, and one more that stands for no id, the bias is there already.</summary>
    public void Pack(int part, ReadOnlySpan<float> bias, WeightPrecision precision)
    {
        (int first, int count) = Share(part, Width);
        if (count == 0) return;
        PackedMatrix slice = _slices[part] ??= new PackedMatrix(Size, count);
        slice.PackTransposed(weight.Values.Span.Slice(first * Size, count * Size), precision);
        MatMul.Multiply(embedding.Values.Span, Tokens, slice, default, _table.Span[first..], Width);
        Span<float> noId = _biased.Span.Slice((Tokens * Width) + first, count);
        if (!bias.IsEmpty) bias.Slice(first, count).CopyTo(noId);
        for (int at = first; at < _table.Length; at += Width) TensorPrimitives.Add(_table.Span.Slice(at, count), noId, _biased.Span.Slice(at, count));
    }

    /// <summary>A part of so many rows or columns: whole panels, so that none is multiplied twice.</summary>
    public static (int First, int Count) Share(int part, int length)
    {
        int most = (length + (Parts * Panels.Width) - 1) / (Parts * Panels.Width) * Panels.Width;
        int first = Math.Min(part * most, length);
        return (first, Math.Min(most, length - first));
    }

    /// <summary>The input part of a step for its gate pass: rows of the table where their bias is there, else, or where a step has more ids, sums in <paramref name="gates"/>.</summary>
    public InputRows BringIn(ReadOnlySpan<int> ids, int perStep, ReadOnlySpan<float> bias, Span<float> gates)
    {
        if (perStep == 1 && !_biased.IsEmpty) return new InputRows(_biased.Span, ids, Width);
        Forward(ids, perStep, bias, gates);
        return default;
    }

    /// <summary>Overwrites <paramref name="y"/> <c>[steps, width]</c> with the bias and the rows of each step's <paramref name="perStep"/> ids; a negative id stands for nothing.</summary>
    private void Forward(ReadOnlySpan<int> ids, int perStep, ReadOnlySpan<float> bias, Span<float> y)
    {
        for (int step = 0; step < ids.Length / perStep; step++)
        {
            Span<float> target = y.Slice(step * Width, Width);
            ReadOnlySpan<float> addend = bias;
            foreach (int id in ids.Slice(step * perStep, perStep))
            {
                if (id < 0) continue;
                ReadOnlySpan<float> row = _table.Span.Slice(id * Width, Width);
                if (addend.IsEmpty) row.CopyTo(target);
                else TensorPrimitives.Add(addend, row, target);
                addend = target;
            }

            // No id at all.
            if (addend.IsEmpty) target.Clear();
            else if (addend != target) addend.CopyTo(target);
        }
    }
}
