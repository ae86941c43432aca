namespace Rnn.Data;

/// <summary>One input of a network: tokens (a few ids per step) or frames (a vector per step).</summary>
public sealed class Sequence
{
    /// <summary>Stands where a step has no id, for example no known n-gram.</summary>
    public const int NoId = -1;

    private Sequence(int[]? ids, float[]? frames, int width)
    {
        Ids = ids;
        Frames = frames;
        Width = width;
        Steps = (ids?.Length ?? frames!.Length) / width;
    }

    /// <summary>Number of steps, at least 1.</summary>
    public int Steps { get; }

    /// <summary>Ids, or features, per step.</summary>
    public int Width { get; }

    internal int[]? Ids { get; }

    internal float[]? Frames { get; }

    /// <summary>Whether the steps are ids.</summary>
    public bool IsTokens => Ids is not null;

    /// <summary>A token sequence: <paramref name="ids"/> is <c>[steps, width]</c>, first the token, then what else is known of it; <see cref="NoId"/> for nothing.</summary>
    /// <exception cref="ArgumentException">Empty, or not a multiple of the width.</exception>
    public static Sequence OfTokens(int[] ids, int width) => new(Checked(ids, width, nameof(ids)), null, width);

    /// <summary>A numeric sequence: <paramref name="values"/> is <c>[steps, featureSize]</c>.</summary>
    /// <exception cref="ArgumentException">Empty, or not a multiple of the feature size.</exception>
    public static Sequence OfFrames(float[] values, int featureSize) => new(null, Checked(values, featureSize, nameof(values)), featureSize);

    private static T[] Checked<T>(T[] values, int width, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (values.Length == 0 || values.Length % width != 0)
            throw new ArgumentException($"A sequence of {values.Length} values is not one or more steps of {width}.", name);
        return values;
    }
}
