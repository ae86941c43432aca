using System.Text.RegularExpressions;

namespace Rnn.Metrics;

/// <summary>What a corpus BLEU is made of.</summary>
/// <param name="Matches">n-grams of the hypotheses found in a reference, n = 1 … 4, each at most as often as in the reference that has it most.</param>
/// <param name="Totals">n-grams of the hypotheses.</param>
/// <param name="HypothesisLength">Tokens of all hypotheses.</param>
/// <param name="ReferenceLength">Tokens of the references closest in length; of two as close the shorter.</param>
public sealed record BleuScore(IReadOnlyList<int> Matches, IReadOnlyList<int> Totals, int HypothesisLength, int ReferenceLength)
{
    /// <summary>Share of matches for each n.</summary>
    public IReadOnlyList<double> Precisions => [.. Matches.Select((match, n) => Totals[n] == 0 ? 0 : (double)match / Totals[n])];

    /// <summary>1 for hypotheses longer than their references, else <c>e^(1 - reference / hypothesis)</c>.</summary>
    public double BrevityPenalty => HypothesisLength == 0 ? 0 : HypothesisLength > ReferenceLength ? 1 : Math.Exp(1 - ((double)ReferenceLength / HypothesisLength));

    /// <summary>Brevity penalty times the geometric mean of the precisions, in [0, 1]; 0 if any precision is.</summary>
    public double Bleu => Precisions.Any(precision => precision == 0) ? 0 : BrevityPenalty * Math.Exp(Precisions.Average(Math.Log));
}

/// <summary>Corpus BLEU-4 (Papineni et al. 2002): uniform weights, several references, no smoothing.</summary>
public static partial class Bleu
{
    internal const int LongestNgram = 4;

    /// <summary>Scores hypotheses against their references, both as tokens.</summary>
    public static BleuScore Score(IEnumerable<(IReadOnlyList<string> Hypothesis, IReadOnlyList<IReadOnlyList<string>> References)> corpus)
    {
        int[] matches = new int[LongestNgram];
        int[] totals = new int[LongestNgram];
        int hypothesisLength = 0;
        int referenceLength = 0;
        foreach ((IReadOnlyList<string> hypothesis, IReadOnlyList<IReadOnlyList<string>> references) in corpus)
        {
            hypothesisLength += hypothesis.Count;
            referenceLength += references.Select(reference => reference.Count).OrderBy(length => Math.Abs(length - hypothesis.Count)).ThenBy(length => length).First();
            for (int n = 1; n <= LongestNgram; n++)
            {
                Dictionary<string, int>[] known = [.. references.Select(reference => Count(reference, n))];
                foreach ((string ngram, int count) in Count(hypothesis, n))
                {
                    totals[n - 1] += count;
                    matches[n - 1] += Math.Min(count, known.Max(reference => reference.GetValueOrDefault(ngram)));
                }
            }
        }

        return new BleuScore(matches, totals, hypothesisLength, referenceLength);
    }

    /// <summary>Lower-cased words and single punctuation marks: the tokens to compare translations by, whatever tokens the model uses.</summary>
    public static string[] Words(string text) => [.. WordsAndMarks().Matches(text.ToLowerInvariant()).Select(match => match.Value)];

    /// <summary>Unicode code points, spaces counted: for languages whose words are not what a reader compares.</summary>
    public static string[] Characters(string text) => [.. text.EnumerateRunes().Select(rune => rune.ToString())];

    private static Dictionary<string, int> Count(IReadOnlyList<string> tokens, int n)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i + n <= tokens.Count; i++)
        {
            // A separator that no token contains keeps "a b" + "c" and "a" + "b c" apart.
            string ngram = string.Join('\u001F', tokens.Skip(i).Take(n));
            counts[ngram] = counts.GetValueOrDefault(ngram) + 1;
        }

        return counts;
    }

    [GeneratedRegex(@"\w+|[^\w\s]")]
    private static partial Regex WordsAndMarks();
}
