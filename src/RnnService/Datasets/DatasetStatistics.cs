using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>What a trainer wants to know of a file's rows, in memory that grows with its labels and, up to a bound, with its distinct rows.</summary>
internal sealed class DatasetStatistics(RowShape shape, DatasetFormat format)
{
    // Beyond this the hashes would cost more memory than the warning is worth.
    private const int MaximumHashes = 1_000_000;
    private const int FewExamples = 5;
    private const int LargeImbalance = 10;

    private readonly SortedDictionary<string, long> _labels = new(StringComparer.Ordinal);
    private readonly LengthHistogram _lengths = new();
    private readonly LengthHistogram _characters = new();
    private readonly LengthHistogram _targetLengths = new();
    private readonly LengthHistogram _targetCharacters = new();
    private readonly Dictionary<ulong, ulong> _seen = [];
    private long _duplicates;
    private long _contradictions;
    private long _lastLine;
    private InputKind _input;
    private int? _featureSize;
    private IReadOnlyList<string>? _featureNames;

    /// <summary>Rows so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows, or steps where every step has a label, of each label.</summary>
    public IReadOnlyDictionary<string, long> Labels => _labels;

    /// <summary>Characters of all inputs that are texts.</summary>
    public long Characters { get; private set; }

    /// <summary>Takes a good row.</summary>
    public void Add(long line, DatasetExample example)
    {
        // Plain text may come with one line in several pieces.
        Rows += line == _lastLine ? 0 : 1;
        _lastLine = line;
        (_input, _featureNames) = (example.Kind, example.FeatureNames);
        _featureSize = example.Features?.Length ?? example.Frames?[0].Length;
        if (example.Label is { } only)
            CountLabel(only);
        foreach (var label in example.Labels ?? [])
            CountLabel(label);
        CountLengths(example);
        if (format != DatasetFormat.Text)
            CountRepeats(example);
    }

    /// <summary>What is known of at least one row.</summary>
    public DatasetSummary Summary() => new()
    {
        Input = _input,
        Labels = _labels,
        FeatureSize = _featureSize,
        FeatureNames = _featureNames,
        Lengths = _lengths.Summary() ?? throw new InvalidOperationException("There are no rows to summarise."),
        Characters = _characters.Summary(),
        TargetLengths = _targetLengths.Summary(),
        TargetCharacters = _targetCharacters.Summary(),
        Warnings = [.. Warnings()],
    };

    private void CountLabel(string label) => _labels[label] = _labels.GetValueOrDefault(label) + 1;

    private void CountLengths(DatasetExample example)
    {
        Characters += example.Text?.Length ?? 0;
        // A vector has no length worth knowing, the text it is turned into has.
        if (example is { Kind: InputKind.Vector, Target: { } caption })
        {
            _lengths.Add(example.TargetSteps);
            _characters.Add(caption.Length);
            return;
        }
        _lengths.Add(example.Steps);
        if (example.Text is { } text)
            _characters.Add(text.Length);
        if (example.Target is { } target)
        {
            _targetLengths.Add(example.TargetSteps);
            _targetCharacters.Add(target.Length);
        }
    }

    private void CountRepeats(DatasetExample example)
    {
        var (input, output) = (ExampleHash.OfInput(example), ExampleHash.OfOutput(example));
        // An input has one right label but many right translations: only the same pair again is a repetition there.
        var key = shape.IsLabelled ? input : input ^ ulong.RotateLeft(output, 1);
        if (_seen.TryGetValue(key, out var before))
        {
            _duplicates++;
            _contradictions += before == output ? 0 : 1;
        }
        else if (_seen.Count < MaximumHashes)
        {
            _seen.Add(key, output);
        }
    }

    private IEnumerable<string> Warnings()
    {
        if (_duplicates > 0)
            yield return $"{_duplicates:N0} {(_duplicates == 1 ? "row repeats" : "rows repeat")} {(shape.IsLabelled ? "the input of an earlier one" : "an earlier one")}.";
        if (_contradictions > 0)
        {
            yield return $"{_contradictions:N0} of the repeated inputs {(_contradictions == 1 ? "has" : "have")} "
                + $"{(shape.LabelledUnit == "row" ? "another label" : "other labels")} than before.";
        }
        if (_labels.Count == 0)
            yield break;
        var (least, most) = (_labels.MinBy(label => label.Value), _labels.MaxBy(label => label.Value));
        if (most.Value >= LargeImbalance * least.Value)
            yield return $"Labels are unbalanced: '{ClientText.Shorten(most.Key)}' has {most.Value:N0} {shape.LabelledUnit}s, '{ClientText.Shorten(least.Key)}' {least.Value:N0}.";
        if (_labels.Count(label => label.Value < FewExamples) is > 0 and var few)
            yield return $"{few:N0} {(few == 1 ? "label has" : "labels have")} fewer than {FewExamples} {shape.LabelledUnit}s, for example '{ClientText.Shorten(least.Key)}'.";
    }
}
