using System.Runtime.CompilerServices;
using CsvHelper;

namespace RnnService.Storage.Examples;

/// <summary>Reads CSV and TSV with the columns the task's <see cref="RowShape"/> names, in any order.</summary>
internal static class CsvExamples
{
    /// <summary>The rows of a UTF-8 file, good and bad; a wrong header and a record beyond <paramref name="maxRecordBytes"/> end it.</summary>
    public static async IAsyncEnumerable<ExampleRow> ReadAsync(
        Stream utf8, RowShape shape, char separator, int? maxRecordBytes, [EnumeratorCancellation] CancellationToken cancellationToken)
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
        if (CsvColumns.Of([.. reader.Headers.Select(name => name.Trim())], shape, separator, out var error) is not { } columns)
        {
            yield return ExampleRow.Fatal(1, error!);
            yield break;
        }
        while (true)
        {
            malformed = null;
            var (more, tooLong) = await NextAsync(reader, cancellationToken);
            if (tooLong is not null)
                yield return tooLong.Value;
            if (!more)
                yield break;
            yield return Row(reader, columns, separator, malformed);
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

    private static ExampleRow Row(CsvReader reader, CsvColumns columns, char separator, CsvMalformedReason? malformed)
    {
        var line = reader.LineNumber;
        // A quote inside a field that does not begin with one can only mean itself, so it is read as that.
        if (malformed is CsvMalformedReason.UnterminatedQuote)
            return ExampleRow.Bad(line, "A double quote opens a field here and is never closed; inside quotes write a quote twice.");
        if (malformed is CsvMalformedReason.TextAfterClosingQuote)
            return ExampleRow.Bad(line, "A quoted field goes on after its closing quote; inside quotes write a quote twice.");
        if (reader.FieldCount != columns.Count)
        {
            return ExampleRow.Bad(line, $"The row has {reader.FieldCount} {(reader.FieldCount == 1 ? "field" : "fields")}, the header {columns.Count}; "
                + $"put a field that holds a {(separator == '\t' ? "tab" : "comma")} or a line end in double quotes.");
        }
        return columns.Row(line, reader.GetString);
    }
}
