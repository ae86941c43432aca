using System.Numerics.Tensors;
using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Cells;

/// <content>The gradient of what an embedding was folded into.</content>
public abstract partial class RecurrentCell
{
    /// <summary>For the passes of one thread; null where no embedding is folded.</summary>
    internal TableGradient? CreateTableGradient() => _embedding is null ? null : new TableGradient(this, _embedding.Embedding);

    /// <summary>
    /// The gradient of a folded embedding's table, which a backward scan gathers by token. Those of all shards are added before the sum is multiplied: the products cost as much
    /// for one sequence as for a whole batch.
    /// </summary>
    public sealed class TableGradient
    {
        /// <summary>In how many parts the products are done.</summary>
        internal const int Parts = FoldedEmbedding.Parts;

        private readonly RecurrentCell _cell;
        private readonly Parameter _embedding;

        // And, below the table, a row for what has no id.
        private Memory<float> _rows;

        internal TableGradient(RecurrentCell cell, Parameter embedding) => (_cell, _embedding) = (cell, embedding);

        /// <summary>What the products add to.</summary>
        internal (Parameter Embedding, Parameter Weight) Parameters => (_embedding, _cell._weightIh);

        private int Tokens => _embedding.Shape[0];

        private int Width => _cell.Gates * _cell.HiddenSize;

        /// <summary>Zeros in a pass's memory, before its scan.</summary>
        internal void Clear(Workspace workspace) => _rows = workspace.RentZeroed((Tokens + 1) * Width);

        /// <summary>Adds the gradient <paramref name="dy"/> <c>[steps, G·H]</c> to the rows that the steps looked up.</summary>
        internal void Gather(ReadOnlySpan<int> ids, int perStep, ReadOnlySpan<float> dy)
        {
            Span<float> rows = _rows.Span;
            for (int i = 0; i < ids.Length; i++)
            {
                Span<float> row = rows.Slice((ids[i] < 0 ? Tokens : ids[i]) * Width, Width);
                TensorPrimitives.Add(row, dy.Slice(i / perStep * Width, Width), row);
            }
        }

        /// <summary>Adds the columns' sums, where each step is in one row.</summary>
        internal void AddTo(Span<float> dBias) => ColumnSums.Add(_rows.Span, dBias);

        /// <summary>Adds a part of what another pass gathered.</summary>
        internal void Add(int part, TableGradient other)
        {
            (int first, int count) = FoldedEmbedding.Share(part, Tokens * Width);
            TensorPrimitives.Add(_rows.Span.Slice(first, count), other._rows.Span.Slice(first, count), _rows.Span.Slice(first, count));
        }

        /// <summary>Adds to the gradients of some rows of the input weights and of the embedding. Parts may be done at the same time; of several tables in the same order.</summary>
        internal void Multiply(int part, Span<float> gradients)
        {
            ReadOnlySpan<float> table = _rows.Span[..(Tokens * Width)];
            (int first, int count) = FoldedEmbedding.Share(part, Width);
            int size = _cell.InputSize;
            if (count > 0) MatMul.MultiplyTransposedAdd(table[first..], count, Width, _embedding.Values.Span, size, Tokens, _cell._weightIh.In(gradients).Slice(first * size, count * size));
            (first, count) = (part * Tokens / Parts, ((part + 1) * Tokens / Parts) - (part * Tokens / Parts));
            MatMul.MultiplyAdd(table[(first * Width)..], count, _cell._inputGradient!, _embedding.In(gradients)[(first * size)..], size);
        }
    }
}
