using RnnService.Http;
using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>Looks at every row of a file once: collects what is wrong, and what a trainer wants to know of what is right.</summary>
internal sealed class DatasetInspection(Limits limits)
{
    /// <summary>More wrong rows than this are not looked for.</summary>
    public const int MaximumErrors = 20;

    // Beyond this the hashes would cost more memory than the warning is worth.
    private const int MaximumHashes = 1_000_000;
    private const int FewRows = 5;
    private const int LargeImbalance = 10;

    private readonly List<ProblemError> _errors = [];
    private readonly SortedDictionary<string, long> _labels = new(StringComparer.Ordinal);
    private readonly LengthHistogram _lengths = new();
    private readonly LengthHistogram _characters = new();
    private readonly Dictionary<ulong, string> _seen = [];
    private long _duplicates;
    private long _contradictions;
    private InputKind? _kind;
    private bool _isHeaderWrong;
    private long _firstLine;
    private int? _featureSize;

    /// <summary>Good rows so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Whether reading on would tell nothing new.</summary>
    public bool IsHopeless { get; private set; }

    /// <summary>Takes a row.</summary>
    public void Add(ExampleRow row)
    {
        var error = row.Error ?? (row.Example is null ? null : ErrorOf(row.Example));
        if (error is not null)
        {
            _errors.Add(ProblemError.AtLine(row.Line, error));
            _isHeaderWrong |= row is { IsFatal: true, Line: 1 };
            IsHopeless |= row.IsFatal || _errors.Count >= MaximumErrors;
        }
        else if (row.Example is not null)
        {
            _firstLine = _firstLine == 0 ? row.Line : _firstLine;
            Count(row.Example);
        }
    }

    /// <summary>Why the file cannot be used, or null if it can.</summary>
    public ProblemResult? Problem()
    {
        if (_errors.Count > 0)
        {
            var first = _errors[0];
            var hint = _isHeaderWrong
                ? "Begin the file with a line that names the columns text and label, as in: text,label"
                : "Correct these lines and upload the file again; nothing of it was kept.";
            var count = _errors.Count == 1 ? "One line cannot" : _errors.Count >= MaximumErrors ? $"At least {MaximumErrors} lines cannot" : $"{_errors.Count} lines cannot";
            return Problems.InvalidFile($"{count} be read. Line {first.Line}: {first.Detail}", hint, _errors);
        }
        if (Rows == 0)
        {
            return Problems.InvalidFile("The file has no rows.", "Send at least two examples with different labels, one a line.", [ProblemError.AtLine(1, "There is no row of data.")]);
        }
        return _labels.Count > 1
            ? null
            : Problems.InvalidFile($"All {Rows:N0} rows have the label '{ClientText.Shorten(_labels.Keys.First())}'.", "Send examples of at least two labels: a classifier learns to tell them apart.",
                [ProblemError.AtLine(_firstLine, "From here on every row has the same label.")]);
    }

    /// <summary>What is known of a file that has no <see cref="Problem"/>.</summary>
    public DatasetSummary Summary() => new()
    {
        Input = _kind ?? InputKind.Text,
        Labels = _labels,
        FeatureSize = _featureSize,
        Lengths = _lengths.Summary(),
        Characters = _kind == InputKind.Text ? _characters.Summary() : null,
        Warnings = [.. Warnings()],
    };

    private string? ErrorOf(DatasetExample example)
    {
        if (example.Kind != (_kind ??= example.Kind))
            return $"The row has {Name(example.Kind)}, the rows before it {Name(_kind.Value)}; a dataset has one kind of input.";
        if (LengthOf(example) is var length && length > limits.StepsPerInput)
            return $"The sequence has {length:N0} steps; at most {limits.StepsPerInput:N0} are read (setting RnnService:Limits:StepsPerInput).";
        if (example.Frames is { } frames && frames[0].Length != (_featureSize ??= frames[0].Length))
            return $"Its frames have {frames[0].Length} numbers, those of the rows before {_featureSize}; all frames of a dataset must have the same size.";
        if (!_labels.ContainsKey(example.Label) && _labels.Count >= limits.Labels)
        {
            IsHopeless = true;
            return $"This is label number {limits.Labels + 1:N0}; is 'label' the right column? The setting RnnService:Limits:Labels raises the limit.";
        }
        return null;
    }

    private void Count(DatasetExample example)
    {
        Rows++;
        _labels[example.Label] = _labels.GetValueOrDefault(example.Label) + 1;
        _lengths.Add(LengthOf(example));
        _characters.Add(example.Text?.Length ?? 0);
        var hash = InputHash.Of(example);
        if (_seen.TryGetValue(hash, out var label))
        {
            _duplicates++;
            _contradictions += label == example.Label ? 0 : 1;
        }
        else if (_seen.Count < MaximumHashes)
        {
            _seen.Add(hash, example.Label);
        }
    }

    private IEnumerable<string> Warnings()
    {
        if (_duplicates > 0)
            yield return $"{_duplicates:N0} {(_duplicates == 1 ? "row repeats" : "rows repeat")} the input of an earlier one.";
        if (_contradictions > 0)
            yield return $"{_contradictions:N0} of the repeated inputs {(_contradictions == 1 ? "has" : "have")} another label than before.";
        var (least, most) = (_labels.MinBy(label => label.Value), _labels.MaxBy(label => label.Value));
        if (most.Value >= LargeImbalance * least.Value)
            yield return $"Labels are unbalanced: '{ClientText.Shorten(most.Key)}' has {most.Value:N0} rows, '{ClientText.Shorten(least.Key)}' {least.Value:N0}.";
        if (_labels.Count(label => label.Value < FewRows) is > 0 and var few)
            yield return $"{few:N0} {(few == 1 ? "label has" : "labels have")} fewer than {FewRows} rows, for example '{ClientText.Shorten(least.Key)}'.";
    }

    private static int LengthOf(DatasetExample example) => example.Tokens?.Count ?? example.Frames?.Length ?? Words(example.Text);

    private static int Words(ReadOnlySpan<char> text)
    {
        var (words, inside) = (0, false);
        foreach (var character in text)
        {
            var isText = !char.IsWhiteSpace(character);
            words += isText && !inside ? 1 : 0;
            inside = isText;
        }
        return words;
    }

    private static string Name(InputKind kind) => kind.ToString().ToLowerInvariant();
}
