using System.Runtime.InteropServices;
using Rnn.Data;

namespace Rnn.Baselines;

/// <summary>
/// Labels every token with the tag it has most often in the training set, tokens not seen there with the most frequent tag of all (Charniak et al. 1993).
/// Tokens too rare for an id of their own share the unknown one.
/// </summary>
public sealed class MostFrequentTag : IClassBaseline
{
    private readonly Dictionary<int, int> _tags;
    private readonly int _majority;

    private MostFrequentTag(Dictionary<int, int> tags, int majority) => (_tags, _majority) = (tags, majority);

    /// <summary>Counts the tags of every token.</summary>
    public static MostFrequentTag Fit(ExampleSet train, int classes)
    {
        var counts = new Dictionary<(int Token, int Tag), int>();
        for (int row = 0; row < train.Count; row++)
        {
            ReadOnlySpan<int> targets = train.Targets[row].Span;
            for (int step = 0; step < targets.Length; step++)
                if (targets[step] >= 0) CollectionsMarshal.GetValueRefOrAddDefault(counts, (Token(train.Inputs[row], step), targets[step]), out _)++;
        }

        var tags = counts.GroupBy(pair => pair.Key.Token)
            .ToDictionary(token => token.Key, token => token.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key.Tag).First().Key.Tag);
        return new MostFrequentTag(tags, MajorityClass.Fit(train, classes).Class);
    }

    /// <inheritdoc/>
    public int Answer(Sequence input, int position) => _tags.GetValueOrDefault(Token(input, position), _majority);

    private static int Token(Sequence input, int step) => input.Ids.Span[step * input.Width];
}
