namespace Rnn.Data;

/// <summary>A long text as training examples: parallel lanes, each a contiguous part, cut into windows over which backpropagation is truncated (Williams &amp; Peng 1990).</summary>
public static class TextStream
{
    /// <summary>
    /// Every window reads its tokens and predicts the one after each. All lanes have the same number of tokens; what does not fill them at the end is left out.
    /// </summary>
    /// <param name="tokens">The text.</param>
    /// <param name="lanes">Parts that are read side by side; fewer where there are not two tokens for each.</param>
    /// <param name="window">Steps of a window; the last one of a lane may be shorter.</param>
    /// <exception cref="ArgumentException">Fewer than two tokens: nothing to predict.</exception>
    public static ExampleSet Windows(ReadOnlyMemory<int> tokens, int lanes, int window)
    {
        if (tokens.Length < 2) throw new ArgumentException($"A text of {tokens.Length} tokens has nothing to predict, expected at least 2.", nameof(tokens));
        lanes = Math.Clamp(lanes, 1, tokens.Length / 2);
        int length = (tokens.Length - 1) / lanes;
        var inputs = new Sequence[(length + window - 1) / window * lanes];
        var targets = new ReadOnlyMemory<int>[inputs.Length];
        for (int first = 0, row = 0; first < length; first += window)
        {
            int steps = Math.Min(window, length - first);
            for (int lane = 0; lane < lanes; lane++, row++)
            {
                int at = (lane * length) + first;
                inputs[row] = Sequence.OfTokens(tokens.Slice(at, steps));
                targets[row] = tokens.Slice(at + 1, steps);
            }
        }

        return new ExampleSet(inputs, targets, lanes);
    }
}
