using System.Numerics.Tensors;
using Rnn.Cells;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>How the outputs of all steps become one vector per sequence.</summary>
public enum PoolingKind
{
    /// <summary>The final state of each direction, side by side.</summary>
    Last,

    /// <summary>The mean over the valid steps.</summary>
    Mean,

    /// <summary>The maximum over the valid steps, feature by feature.</summary>
    Max,
}

/// <summary>From the outputs of all valid steps to one vector per row, and back.</summary>
public static class Pooling
{
    /// <summary>Puts the final states of the top layer's directions side by side: <paramref name="pooled"/> <c>[rows, directions · H]</c>.</summary>
    public static void LastForward(ReadOnlySpan<CellState> top, int hidden, int rows, Span<float> pooled)
    {
        for (int i = 0; i < rows * top.Length; i++)
            top[i % top.Length].H.Span.Slice(i / top.Length * hidden, hidden).CopyTo(pooled[(i * hidden)..]);
    }

    /// <summary>Adds to the gradients of the final states.</summary>
    public static void LastBackward(ReadOnlySpan<float> dPooled, int hidden, int rows, ReadOnlySpan<CellState> topGradients)
    {
        for (int i = 0; i < rows * topGradients.Length; i++)
        {
            Span<float> target = topGradients[i % topGradients.Length].H.Span.Slice(i / topGradients.Length * hidden, hidden);
            TensorPrimitives.Add(target, dPooled.Slice(i * hidden, hidden), target);
        }
    }

    /// <summary><paramref name="y"/> is <c>[tokens, features]</c>; overwrites <paramref name="pooled"/> <c>[rows, features]</c>; <paramref name="steps"/> (same shape) notes which step was the maximum.</summary>
    public static void Forward(PoolingKind kind, ReadOnlySpan<float> y, int features, SequenceLayout layout, Span<float> pooled, Span<int> steps)
    {
        y[..(layout.Rows * features)].CopyTo(pooled);
        if (kind == PoolingKind.Max) steps.Clear();
        for (int t = 1; t < layout.Steps; t++)
        {
            int length = layout.RowsAt(t) * features;
            ReadOnlySpan<float> step = y.Slice(layout.OffsetAt(t) * features, length);
            if (kind == PoolingKind.Mean) TensorPrimitives.Add(pooled[..length], step, pooled);
            else Maximum(step, t, pooled, steps);
        }

        if (kind != PoolingKind.Mean) return;
        for (int row = 0; row < layout.Rows; row++)
            TensorPrimitives.Divide(pooled.Slice(row * features, features), layout.Lengths[row], pooled[(row * features)..]);
    }

    /// <summary>Adds to <paramref name="dy"/>: an equal share to every step (mean), everything to the maximal one (max).</summary>
    public static void Backward(PoolingKind kind, ReadOnlySpan<float> dPooled, int features, SequenceLayout layout, ReadOnlySpan<int> steps, Span<float> dy)
    {
        if (kind == PoolingKind.Max)
        {
            for (int i = 0; i < layout.Rows * features; i++) dy[(layout.OffsetAt(steps[i]) * features) + i] += dPooled[i];
            return;
        }

        for (int t = 0; t < layout.Steps; t++)
        {
            for (int row = 0; row < layout.RowsAt(t); row++)
            {
                Span<float> target = dy.Slice((layout.OffsetAt(t) + row) * features, features);
                TensorPrimitives.MultiplyAdd(dPooled.Slice(row * features, features), 1f / layout.Lengths[row], target, target);
            }
        }
    }

    private static void Maximum(ReadOnlySpan<float> step, int t, Span<float> pooled, Span<int> steps)
    {
        for (int i = 0; i < step.Length; i++)
        {
            if (!(step[i] > pooled[i])) continue;
            pooled[i] = step[i];
            steps[i] = t;
        }
    }
}
