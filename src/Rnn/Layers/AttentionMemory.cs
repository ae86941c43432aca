using System.Numerics.Tensors;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>
/// What attention looks back at: the encoder's output at every position of every source, source after source without gaps, and the keys made of it.
/// Which source a decoder's row belongs to is in <see cref="SourceOf"/>, so several hypotheses may share one. Belongs to the caller.
/// </summary>
public sealed class AttentionMemory
{
    private int[] _first = [];
    private int[] _sources = [];

    /// <summary>Positions of the longest source (S).</summary>
    public int Longest { get; private set; }

    /// <summary>Positions of all sources.</summary>
    public int Positions { get; private set; }

    /// <summary>Encoder outputs <c>[positions, M]</c>.</summary>
    public Memory<float> Values { get; set; }

    /// <summary>What queries are compared with, <c>[positions, K]</c>.</summary>
    public Memory<float> Keys { get; set; }

    /// <summary>Gradient of <see cref="Values"/>.</summary>
    public Memory<float> ValueGradients { get; set; }

    /// <summary>Gradient of <see cref="Keys"/>; the same buffer where the keys are the values.</summary>
    public Memory<float> KeyGradients { get; set; }

    /// <summary>Takes the encoder's outputs <c>[tokens, size]</c> of a batch.</summary>
    public void Gather(SequenceLayout layout, ReadOnlySpan<float> outputs, int size, Workspace workspace)
    {
        if (_first.Length < layout.Rows + 1) _first = new int[layout.Rows + 1];
        Positions = layout.Tokens;
        Longest = layout.Steps;
        Values = workspace.Rent(Positions * size);
        int position = 0;
        for (int source = 0; source < layout.Rows; source++)
        {
            _first[source] = position;
            for (int s = 0; s < layout.Lengths[source]; s++, position++)
                outputs.Slice((layout.OffsetAt(s) + source) * size, size).CopyTo(Values.Span[(position * size)..]);
        }

        _first[layout.Rows] = position;
    }

    /// <summary>The way back: adds <see cref="ValueGradients"/> to the gradient of the encoder's outputs.</summary>
    public void ScatterGradients(SequenceLayout layout, int size, Span<float> dOutputs)
    {
        int position = 0;
        for (int source = 0; source < layout.Rows; source++)
        {
            for (int s = 0; s < layout.Lengths[source]; s++, position++)
            {
                Span<float> target = dOutputs.Slice((layout.OffsetAt(s) + source) * size, size);
                TensorPrimitives.Add(target, ValueGradients.Span.Slice(position * size, size), target);
            }
        }
    }

    /// <summary>Says which source each row of the decoder belongs to.</summary>
    public void Assign(ReadOnlySpan<int> sources)
    {
        if (_sources.Length < sources.Length) _sources = new int[sources.Length];
        sources.CopyTo(_sources);
    }

    /// <summary>The source of a decoder's row.</summary>
    public int SourceOf(int row) => _sources[row];

    /// <summary>The first position that <paramref name="row"/> of the decoder sees, and how many.</summary>
    internal (int First, int Count) PositionsOf(int row) => (_first[_sources[row]], _first[_sources[row] + 1] - _first[_sources[row]]);
}
