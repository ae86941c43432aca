using RnnService.Http;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>Looks at every row of a file once: collects what is wrong, and lets what is right be counted.</summary>
internal sealed class DatasetInspection(LearningTask task, DatasetFormat format, Limits limits)
{
    /// <summary>More wrong rows than this are not looked for.</summary>
    public const int MaximumErrors = 20;

    // One to see and one to predict.
    private const int FewestCharacters = 2;

    private readonly RowShape _shape = RowShape.Of(task);
    private readonly DatasetStatistics _statistics = new(RowShape.Of(task), format);
    private readonly List<ProblemError> _errors = [];
    private InputKind? _kind;
    private bool _isHeaderWrong;
    private long _firstLine;
    private int? _featureSize;

    /// <summary>Good rows so far.</summary>
    public long Rows => _statistics.Rows;

    /// <summary>Whether reading on would tell nothing new.</summary>
    public bool IsHopeless { get; private set; }

    /// <summary>Takes a row.</summary>
    public void Add(ExampleRow row)
    {
        var error = row.Error;
        if (row.Example is { } example && (error = ErrorOf(example)) is null)
        {
            _firstLine = _firstLine == 0 ? row.Line : _firstLine;
            _statistics.Add(row.Line, example);
            error = TooManyLabels();
        }
        if (error is null)
            return;
        _errors.Add(ProblemError.AtLine(row.Line, error));
        _isHeaderWrong |= row is { IsFatal: true, Line: 1 };
        IsHopeless |= row.IsFatal || _errors.Count >= MaximumErrors;
    }

    /// <summary>Why the file cannot be used, or null if it can.</summary>
    public ProblemResult? Problem()
    {
        if (_errors.Count > 0)
            return LinesProblem();
        if (_shape.Output is null && _statistics.Characters < FewestCharacters)
        {
            return Problems.InvalidFile($"The file has fewer than {FewestCharacters} characters of text.", "Send a text to learn from; a small model wants some hundred thousand characters.",
                [ProblemError.AtLine(1, "There is no text to learn from.")]);
        }
        if (Rows == 0)
        {
            return Problems.InvalidFile("The file has no rows.",
                _shape.IsLabelled ? "Send at least two examples with different labels, one a line." : "Send at least one example a line.",
                [ProblemError.AtLine(1, "There is no row of data.")]);
        }
        return !_shape.IsLabelled || _statistics.Labels.Count > 1
            ? null
            : Problems.InvalidFile($"All {_statistics.Labels.Values.First():N0} {_shape.LabelledUnit}s have the label '{ClientText.Shorten(_statistics.Labels.Keys.First())}'.",
                "Send examples of at least two labels: a classifier learns to tell them apart.", [ProblemError.AtLine(_firstLine, $"From here on every {_shape.LabelledUnit} has the same label.")]);
    }

    /// <summary>What is known of a file that has no <see cref="Problem"/>.</summary>
    public DatasetSummary Summary() => _statistics.Summary();

    private ProblemResult LinesProblem()
    {
        var first = _errors[0];
        var hint = _isHeaderWrong
            ? $"Begin the file with a line that names the columns, as in: {_shape.SampleHeader}"
            : "Correct these lines and upload the file again; nothing of it was kept.";
        var count = _errors.Count == 1 ? "One line cannot" : _errors.Count >= MaximumErrors ? $"At least {MaximumErrors} lines cannot" : $"{_errors.Count} lines cannot";
        return Problems.InvalidFile($"{count} be read. Line {first.Line}: {first.Detail}", hint, _errors);
    }

    private string? ErrorOf(DatasetExample example)
    {
        if (example.Kind != (_kind ??= example.Kind))
            return $"The row has {Name(example.Kind)}, the rows before it {Name(_kind.Value)}; a dataset has one kind of input.";
        // A text to continue may be a book: it is learnt in windows.
        if (_shape.Output is not null && Math.Max(example.Steps, example.TargetSteps) is var steps && steps > limits.StepsPerInput)
            return $"The sequence has {steps:N0} steps; at most {limits.StepsPerInput:N0} are read (setting RnnService:Limits:StepsPerInput).";
        if (example.Frames is { } frames && frames[0].Length != (_featureSize ??= frames[0].Length))
            return $"Its frames have {frames[0].Length} numbers, those of the rows before {_featureSize}; all frames of a dataset must have the same size.";
        if (example.Features is not { } features)
            return null;
        if (features.Length > limits.Features)
            return $"The row has {features.Length:N0} features; at most {limits.Features:N0} are read (setting RnnService:Limits:Features).";
        return features.Length == (_featureSize ??= features.Length)
            ? null
            : $"The row has {features.Length} features, the rows before it {_featureSize}; all rows of a dataset must have as many.";
    }

    private string? TooManyLabels()
    {
        if (_statistics.Labels.Count <= limits.Labels)
            return null;
        IsHopeless = true;
        return $"This is label number {limits.Labels + 1:N0}; is '{_shape.Output}' the right {(format == DatasetFormat.Jsonl ? "property" : "column")}? "
            + "The setting RnnService:Limits:Labels raises the limit.";
    }

    private static string Name(InputKind kind) => kind == InputKind.Vector ? "features" : kind.ToString().ToLowerInvariant();
}
