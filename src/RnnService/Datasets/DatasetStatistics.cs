using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>What a trainer wants to know of a file's rows, in memory that grows with its labels and, up to a bound, with its distinct rows.</summary>
internal sealed class DatasetStatistics(RowShape shape, DatasetFormat format)
{
    private readonly SortedDictionary<string, long> _labels = new(StringComparer.Ordinal);
    private readonly LengthHistogram _lengths = new();
    private readonly LengthHistogram _characters = new();
    private readonly LengthHistogram _targetLengths = new();
    private readonly LengthHistogram _targetCharacters = new();
    private readonly RepeatedRows _repeats = new(shape);
    private readonly FeatureColumns _features = new();
    private long _lastLine;
    private InputKind _input;
    private int? _featureSize;

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
        _input = example.Kind;
        _featureSize = example.Features?.Length ?? example.Frames?[0].Length;
        if (example.Label is { } only)
            CountLabel(only);
        foreach (var label in example.Labels ?? [])
            CountLabel(label);
        CountLengths(example);
        _features.Add(example);
        if (format != DatasetFormat.Text)
            _repeats.Add(example);
    }

    /// <summary>What is known of at least one row.</summary>
    public DatasetSummary Summary()
    {
        var lengths = _lengths.Summary() ?? throw new InvalidOperationException("There are no rows to summarise.");
        return new()
        {
            Input = _input,
            Labels = _labels,
            FeatureSize = _featureSize,
            FeatureNames = _features.Names,
            Lengths = lengths,
            Characters = _characters.Summary(),
            TargetLengths = _targetLengths.Summary(),
            TargetCharacters = _targetCharacters.Summary(),
            Outliers = _features.Outliers(),
            Warnings =
            [
                .. DatasetDoctor.OfRepeats(shape, Rows, _repeats), .. DatasetDoctor.OfLabels(shape, _labels), .. DatasetDoctor.OfFeatures(_features.Constant()),
                .. shape.Output is null ? [] : DatasetDoctor.OfLengths(lengths),
            ],
        };
    }

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
}
