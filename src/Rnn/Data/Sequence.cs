namespace Rnn.Data;

/// <summary>One input of a network: tokens (a few ids per step) or frames (a vector per step); a view of the caller's memory.</summary>
public sealed class Sequence
{
    /// <summary>Stands where a step has no id, for example no known n-gram.</summary>
    public const int NoId = -1;

    private Sequence(ReadOnlyMemory<int> ids, ReadOnlyMemory<float> frames, int width)
    {
        int values = Math.Max(ids.Length, frames.Length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (values == 0 || values % width != 0) throw new ArgumentException($"A sequence of {values} values is not one or more steps of {width}.");
        Ids = ids;
        Frames = frames;
        Width = width;
        Steps = values / width;
    }

    /// <summary>Number of steps, at least 1.</summary>
    public int Steps { get; }

    /// <summary>Ids, or features, per step.</summary>
    public int Width { get; }

    /// <summary>Whether the steps are ids.</summary>
    public bool IsTokens => !Ids.IsEmpty;

    /// <summary>Ids <c>[steps, width]</c>; empty for frames.</summary>
    public ReadOnlyMemory<int> Ids { get; }

    /// <summary>Frames <c>[steps, width]</c>; empty for tokens.</summary>
    public ReadOnlyMemory<float> Frames { get; }

    /// <summary>A token sequence: <paramref name="ids"/> is <c>[steps, width]</c>, first the token, then what else is known of it; <see cref="NoId"/> for nothing.</summary>
    /// <exception cref="ArgumentException">Empty, or not a multiple of the width.</exception>
    public static Sequence OfTokens(ReadOnlyMemory<int> ids, int width = 1) => new(ids, default, width);

    /// <inheritdoc cref="OfTokens(ReadOnlyMemory{int}, int)"/>
    public static Sequence OfTokens(int[] ids, int width = 1) => OfTokens(ids.AsMemory(), width);

    /// <summary>A numeric sequence: <paramref name="values"/> is <c>[steps, featureSize]</c>.</summary>
    /// <exception cref="ArgumentException">Empty, or not a multiple of the feature size.</exception>
    public static Sequence OfFrames(ReadOnlyMemory<float> values, int featureSize) => new(default, values, featureSize);

    /// <inheritdoc cref="OfFrames(ReadOnlyMemory{float}, int)"/>
    public static Sequence OfFrames(float[] values, int featureSize) => OfFrames(values.AsMemory(), featureSize);
}
