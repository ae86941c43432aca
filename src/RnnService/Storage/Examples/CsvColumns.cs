using System.Globalization;

namespace RnnService.Storage.Examples;

/// <summary>Which column of a CSV or TSV file holds which part of a row.</summary>
internal sealed class CsvColumns
{
    private const int LongestName = 100;

    private readonly (string Name, int Index)[] _named;
    private readonly int[] _features;
    private readonly string[] _featureNames;
    private readonly string? _output;

    private CsvColumns(string[] header, RowShape shape)
    {
        Count = header.Length;
        _output = shape.Output;
        _named = [.. shape.Columns.Select(name => (name, Array.IndexOf(header, name)))];
        _features = [.. Enumerable.Range(0, header.Length).Except(_named.Select(column => column.Index))];
        _featureNames = [.. _features.Select(index => header[index])];
    }

    /// <summary>Columns of the header.</summary>
    public int Count { get; }

    /// <summary>The columns of a header, or null and what is wrong with it.</summary>
    public static CsvColumns? Of(string[] header, RowShape shape, char separator, out string? error)
    {
        error = Error(header, shape, separator);
        return error is null ? new CsvColumns(header, shape) : null;
    }

    /// <summary>The row whose fields <paramref name="field"/> answers by column, or what is wrong with it.</summary>
    public ExampleRow Row(long line, Func<int, string> field)
    {
        var example = new DatasetExample();
        foreach (var (name, index) in _named)
        {
            var value = field(index);
            if (string.IsNullOrWhiteSpace(value))
                return ExampleRow.Bad(line, $"The {name} is empty.");
            example = name == "label" ? example with { Label = value.Trim() }
                : name == _output ? example with { Target = value }
                : example with { Text = value };
        }
        if (_features.Length == 0)
            return ExampleRow.Of(line, example);
        var features = new float[_features.Length];
        for (var i = 0; i < features.Length; i++)
        {
            var value = field(_features[i]);
            if (!float.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out features[i]) || !float.IsFinite(features[i]))
                return ExampleRow.Bad(line, $"The column '{_featureNames[i]}' holds '{ClientText.Shorten(value)}', which is not a finite number; write numbers such as -0.25 or 1e-3.");
        }
        return ExampleRow.Of(line, example with { Features = features, FeatureNames = _featureNames });
    }

    private static string? Error(string[] names, RowShape shape, char separator)
    {
        if (names is [] or [""])
            return $"The file is empty; its first line must name the columns {Needed(shape)}.";
        var found = $"columns found: {string.Join(", ", names.Take(20).Select(name => $"'{ClientText.Shorten(name)}'"))}";
        foreach (var needed in shape.Columns)
        {
            if (!names.Contains(needed))
                return $"The header has no column '{needed}'; {found}.{OtherSeparator(names, separator)}";
        }
        if (Array.Find(names, name => names.Count(other => other == name) > 1) is { } twice)
            return twice.Length == 0 ? $"The header has columns without a name; {found}." : $"The header names the column '{ClientText.Shorten(twice)}' twice; {found}.";
        var others = names.Except(shape.Columns).ToArray();
        if (!shape.HasFeatureColumns)
            return others is [var unknown, ..] ? $"The header has an unknown column '{ClientText.Shorten(unknown)}'; only {Needed(shape)} {(shape.Columns.Count == 1 ? "is" : "are")} read; {found}." : null;
        if (others.Length == 0)
            return $"The header names no feature; give each a column of numbers beside '{shape.Columns[0]}'; {found}.";
        // pandas writes its row numbers under an empty name; a network would learn them by heart.
        if (others.Contains(""))
            return $"Column {Array.IndexOf(names, "") + 1} of the header has no name; name the feature, or leave out a column of row numbers; {found}.";
        return Array.Find(others, name => name.Length > LongestName) is { } tooLong
            ? $"The name of column {Array.IndexOf(names, tooLong) + 1} has {tooLong.Length:N0} characters; at most {LongestName} are kept."
            : null;
    }

    private static string Needed(RowShape shape) =>
        shape.HasFeatureColumns ? $"of the features and {shape.Columns[0]}" : string.Join(" and ", shape.Columns);

    private static string OtherSeparator(string[] names, char separator)
    {
        var other = Array.Find([',', ';', '\t', '|'], mark => mark != separator && names is [var only] && only.Contains(mark));
        return other == default ? "" : $" They seem to be separated by {Name(other)}; this format wants {Name(separator)}.";
    }

    private static string Name(char separator) => separator == '\t' ? "tabs" : $"'{separator}'";
}
