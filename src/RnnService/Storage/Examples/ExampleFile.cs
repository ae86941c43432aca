namespace RnnService.Storage.Examples;

/// <summary>Reads the rows of a file of any format for the task <c>sequence_classification</c>.</summary>
internal static class ExampleFile
{
    /// <summary>
    /// The rows as they are read. The stream must hold UTF-8, with or without a byte order mark, and stays open;
    /// a row longer than <paramref name="maxRowBytes"/> is refused, null for files that were checked before.
    /// </summary>
    public static IAsyncEnumerable<ExampleRow> ReadAsync(Stream utf8, DatasetFormat format, int? maxRowBytes, CancellationToken cancellationToken) => format switch
    {
        DatasetFormat.Csv => CsvExamples.ReadAsync(utf8, ',', maxRowBytes, cancellationToken),
        DatasetFormat.Tsv => CsvExamples.ReadAsync(utf8, '\t', maxRowBytes, cancellationToken),
        DatasetFormat.Jsonl => JsonLinesExamples.ReadAsync(utf8, cancellationToken),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "This format has no labelled rows."),
    };
}
