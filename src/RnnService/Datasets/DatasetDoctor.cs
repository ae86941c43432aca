using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>What the owner of a file should know before training on it: a sentence each, with its numbers and what to do.</summary>
internal static class DatasetDoctor
{
    private const int FewExamples = 5;
    private const int LargeImbalance = 10;
    private const int NamesShown = 5;
    private const int LongSteps = 1000;
    private const int LongTail = 20;

    /// <summary>Rows that came before.</summary>
    public static IEnumerable<string> OfRepeats(RowShape shape, long rows, RepeatedRows repeated)
    {
        if (repeated.Repeats == 0)
            yield break;
        var count = $"{(repeated.IsComplete ? "" : "at least ")}{repeated.Repeats:N0} of {rows:N0} rows";
        yield return $"{char.ToUpperInvariant(count[0])}{count[1..]} {(repeated.Repeats == 1 ? "repeats" : "repeat")} {(shape.IsLabelled ? "the input of an earlier one" : "an earlier one")}: "
            + "keep one of each, or what is held out for validation may also be learnt from.";
        if (repeated.Contradictions > 0)
        {
            yield return $"{repeated.Contradictions:N0} of the repeated inputs {(repeated.Contradictions == 1 ? "has" : "have")} "
                + $"{(shape.LabelledUnit == "row" ? "another label" : "other labels")} than before: correct them, since no model can give both answers.";
        }
    }

    /// <summary>How evenly labels occur.</summary>
    /// <param name="shape">What has a label.</param>
    /// <param name="labels">Rows or steps of each; may be none.</param>
    public static IEnumerable<string> OfLabels(RowShape shape, IReadOnlyDictionary<string, long> labels)
    {
        if (labels.Count == 0)
            yield break;
        var (least, most) = (labels.MinBy(label => label.Value), labels.MaxBy(label => label.Value));
        if (most.Value >= LargeImbalance * least.Value)
        {
            yield return $"Labels are unbalanced: '{ClientText.Shorten(most.Key)}' has {most.Value:N0} {shape.LabelledUnit}s ({100.0 * most.Value / labels.Values.Sum():0} %), "
                + $"'{ClientText.Shorten(least.Key)}' {least.Value:N0}; look at macro_f1 beside accuracy (training.class_weights balanced gives rare labels more weight).";
        }
        if (labels.Count(label => label.Value < FewExamples) is > 0 and var few)
        {
            yield return $"{few:N0} {(few == 1 ? "label has" : "labels have")} fewer than {FewExamples} {shape.LabelledUnit}s, for example '{ClientText.Shorten(least.Key)}' with {least.Value:N0}: "
                + "send more of them, or leave them out.";
        }
    }

    /// <summary>Numbers that never change.</summary>
    /// <param name="constant">Names of these features.</param>
    public static IEnumerable<string> OfFeatures(IReadOnlyList<string> constant)
    {
        if (constant.Count == 0)
            yield break;
        var names = string.Join(", ", constant.Take(NamesShown).Select(name => $"'{ClientText.Shorten(name)}'")) + (constant.Count > NamesShown ? " and others" : "");
        yield return $"{constant.Count:N0} {(constant.Count == 1 ? "feature has" : "features have")} the same value everywhere, {names}: leave them out, they tell nothing.";
    }

    /// <summary>A few sequences much longer than all others.</summary>
    public static IEnumerable<string> OfLengths(LengthSummary lengths)
    {
        if (lengths.Max >= LongSteps && lengths.Max > LongTail * lengths.P95)
            yield return $"The longest sequence has {lengths.Max:N0} steps, 95 % have at most {lengths.P95:N0}: check that it is one example, or cut it, since its batch needs memory and time for all its steps.";
    }
}
