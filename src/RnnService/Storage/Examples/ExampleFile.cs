namespace RnnService.Storage.Examples;

/// <summary>Reads the rows of a file of any format for any task that has the format.</summary>
internal static class ExampleFile
{
    /// <summary>
    /// The rows as they are read. The stream must hold UTF-8, with or without a byte order mark, and stays open;
    /// a row longer than <paramref name="maxRowBytes"/> is refused, null for files that were checked before. Plain text has no limit.
    /// </summary>
    public static IAsyncEnumerable<ExampleRow> ReadAsync(
        Stream utf8, LearningTask task, DatasetFormat format, int? maxRowBytes, CancellationToken cancellationToken) => format switch
        {
            DatasetFormat.Csv => CsvExamples.ReadAsync(utf8, RowShape.Of(task), ',', maxRowBytes, cancellationToken),
            DatasetFormat.Tsv => CsvExamples.ReadAsync(utf8, RowShape.Of(task), '\t', maxRowBytes, cancellationToken),
            DatasetFormat.Jsonl => JsonLinesExamples.ReadAsync(utf8, RowShape.Of(task), cancellationToken),
            DatasetFormat.Text => PlainTextExamples.ReadAsync(utf8, cancellationToken),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "There is no such format."),
        };
}
