namespace Rnn.Metrics;

/// <summary>
/// F1 over spans of BIO labels (Ramshaw &amp; Marcus 1995), as the CoNLL-2000 evaluation counts: a span is right if type, begin and end are.
/// <c>B-x</c> starts a span, <c>I-x</c> continues one of type x and else starts one, every other label is outside.
/// </summary>
public static class SpanF1
{
    /// <summary>Precision, recall and F1 over all sequences; 0 where there is nothing to divide by.</summary>
    public static (double Precision, double Recall, double F1) Score(IEnumerable<(IReadOnlyList<string> Actual, IReadOnlyList<string> Predicted)> sequences)
    {
        int right = 0;
        int actual = 0;
        int predicted = 0;
        foreach ((IReadOnlyList<string> truth, IReadOnlyList<string> guess) in sequences)
        {
            var spans = Spans(truth).ToHashSet();
            foreach ((string, int, int) span in Spans(guess))
            {
                predicted++;
                if (spans.Contains(span)) right++;
            }

            actual += spans.Count;
        }

        double precision = predicted == 0 ? 0 : (double)right / predicted;
        double recall = actual == 0 ? 0 : (double)right / actual;
        return (precision, recall, right == 0 ? 0 : 2 * precision * recall / (precision + recall));
    }

    /// <summary>Whether labels are BIO: each is <c>O</c> or starts with <c>B-</c> or <c>I-</c>, and some do start with <c>B-</c>.</summary>
    public static bool IsBio(IEnumerable<string> labels)
    {
        bool any = false;
        foreach (string label in labels)
        {
            if (label != "O" && !label.StartsWith("B-", StringComparison.Ordinal) && !label.StartsWith("I-", StringComparison.Ordinal)) return false;
            any |= label.StartsWith("B-", StringComparison.Ordinal);
        }

        return any;
    }

    /// <summary>Type, first and last position of every span.</summary>
    internal static IEnumerable<(string Type, int First, int Last)> Spans(IReadOnlyList<string> labels)
    {
        string? type = null;
        int first = 0;
        for (int i = 0; i <= labels.Count; i++)
        {
            string label = i < labels.Count ? labels[i] : "O";
            bool begins = label.StartsWith("B-", StringComparison.Ordinal);
            string? own = begins || label.StartsWith("I-", StringComparison.Ordinal) ? label[2..] : null;
            if (type is not null && (begins || own != type)) yield return (type, first, i - 1);
            if (own is not null && (begins || own != type)) first = i;
            type = own;
        }
    }
}
