namespace RnnService.Storage.Examples;

/// <summary>How a dataset's file is read.</summary>
internal enum DatasetFormat
{
    /// <summary>Comma-separated with a header (RFC 4180).</summary>
    Csv,

    /// <summary>As CSV, with tabs.</summary>
    Tsv,

    /// <summary>One JSON object a line.</summary>
    Jsonl,

    /// <summary>Plain text, for language models.</summary>
    Text,
}
