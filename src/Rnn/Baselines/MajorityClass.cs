using Rnn.Data;

namespace Rnn.Baselines;

/// <summary>Answers always with the most frequent class of the training set (ZeroR); of several the first.</summary>
public sealed class MajorityClass : IClassBaseline
{
    private MajorityClass(int answer) => Class = answer;

    /// <summary>The most frequent class.</summary>
    public int Class { get; }

    /// <summary>Counts the classes of all targets.</summary>
    public static MajorityClass Fit(ExampleSet train, int classes)
    {
        int[] counts = new int[classes];
        foreach (ReadOnlyMemory<int> targets in train.Targets)
        {
            foreach (int target in targets.Span)
                if (target >= 0) counts[target]++;
        }

        return new MajorityClass(counts.IndexOf(counts.Max()));
    }

    /// <inheritdoc/>
    public int Answer(Sequence input, int position) => Class;
}
