using System.Runtime.CompilerServices;
using CsvHelper;

namespace RnnService.Storage.Examples;

/// <summary>Reads CSV and TSV with the columns <c>text</c> and <c>label</c>, in either order.</summary>
internal static class CsvExamples
{
    private const string TextColumn = "text";
    private const string LabelColumn = "label";

    /// <summary>The rows of a UTF-8 file, good and bad; a wrong header and a record beyond <paramref name="maxRecordBytes"/> end it.</summary>
    public static async IAsyncEnumerable<ExampleRow> ReadAsync(
        Stream utf8, char separator, int? maxRecordBytes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        CsvMalformedReason? malformed = null;
        var options = new CsvReaderOptions
        {
            Separator = separator,
            TrackLineNumbers = true,
            MaxRecordSize = maxRecordBytes,
            OnMalformedRecord = record => malformed = record.Reason,
        };
        await using var reader = CsvReader.Create(utf8, options, leaveOpen: true);
        await reader.ReadHeaderAsync(cancellationToken);
        var header = reader.Headers.Select(name => name.Trim()).ToArray();
        if (HeaderError(header, separator) is { } error)
        {
            yield return ExampleRow.Fatal(1, error);
            yield break;
        }
        var (text, label) = (Array.IndexOf(header, TextColumn), Array.IndexOf(header, LabelColumn));
        while (true)
        {
            malformed = null;
            var (more, tooLong) = await NextAsync(reader, cancellationToken);
            if (tooLong is not null)
                yield return tooLong.Value;
            if (!more)
                yield break;
            yield return Row(reader, header.Length, text, label, separator, malformed);
        }
    }

    private static async ValueTask<(bool More, ExampleRow? TooLong)> NextAsync(CsvReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return (await reader.ReadAsync(cancellationToken), null);
        }
        catch (CsvFormatException broken)
        {
            return (false, ExampleRow.Fatal(broken.LineNumber, "The row that begins here is too long; probably a double quote is not closed."));
        }
    }

    private static ExampleRow Row(CsvReader reader, int columns, int text, int label, char separator, CsvMalformedReason? malformed)
    {
        var line = reader.LineNumber;
        // A quote inside a field that does not begin with one can only mean itself, so it is read as that.
        if (malformed is CsvMalformedReason.UnterminatedQuote)
            return ExampleRow.Bad(line, "A double quote opens a field here and is never closed; inside quotes write a quote twice.");
        if (malformed is CsvMalformedReason.TextAfterClosingQuote)
            return ExampleRow.Bad(line, "A quoted field goes on after its closing quote; inside quotes write a quote twice.");
        if (reader.FieldCount != columns)
        {
            return ExampleRow.Bad(line, $"The row has {reader.FieldCount} {(reader.FieldCount == 1 ? "field" : "fields")}, the header {columns}; "
                + $"put a field that holds a {(separator == '\t' ? "tab" : "comma")} or a line end in double quotes.");
        }
        var value = reader.GetString(text);
        if (string.IsNullOrWhiteSpace(value))
            return ExampleRow.Bad(line, "The text is empty.");
        var name = reader.GetString(label).Trim();
        return name.Length == 0
            ? ExampleRow.Bad(line, "The label is empty.")
            : ExampleRow.Of(line, new DatasetExample { Text = value, Label = name });
    }

    private static string? HeaderError(string[] names, char separator)
    {
        if (names is [] or [""])
            return "The file is empty; its first line must name the columns text and label.";
        var found = $"columns found: {string.Join(", ", names.Take(20).Select(name => $"'{ClientText.Shorten(name)}'"))}";
        foreach (var needed in new[] { TextColumn, LabelColumn })
        {
            if (!names.Contains(needed))
                return $"The header has no column '{needed}'; {found}.{OtherSeparator(names, separator)}";
            if (names.Count(name => name == needed) > 1)
                return $"The header names the column '{needed}' twice; {found}.";
        }
        return Array.Find(names, name => name is not (TextColumn or LabelColumn)) is { } unknown
            ? $"The header has an unknown column '{ClientText.Shorten(unknown)}'; only text and label are read; {found}."
            : null;
    }

    private static string OtherSeparator(string[] names, char separator)
    {
        var other = Array.Find([',', ';', '\t', '|'], mark => mark != separator && names is [var only] && only.Contains(mark));
        return other == default ? "" : $" They seem to be separated by {Name(other)}; this format wants {Name(separator)}.";
    }

    private static string Name(char separator) => separator == '\t' ? "tabs" : $"'{separator}'";
}
