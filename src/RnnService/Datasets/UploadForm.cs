using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using RnnService.Http;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>A multipart form read up to its file, which comes last and is read as a stream.</summary>
internal sealed class UploadForm
{
    private static readonly string[] Fields = ["name", "task", "format", "file"];
    private const int MaximumFieldBytes = 1024;
    private readonly MultipartReader _reader;

    private UploadForm(MultipartReader reader) => _reader = reader;

    /// <summary>The dataset's name, valid.</summary>
    public required string Name { get; init; }

    /// <summary>What its rows teach.</summary>
    public required LearningTask Task { get; init; }

    /// <summary>The format given, or told by the file's name; one the task has.</summary>
    public required DatasetFormat Format { get; init; }

    /// <summary>The file's bytes.</summary>
    public required Stream File { get; init; }

    /// <summary>Reads the fields.</summary>
    /// <exception cref="ProblemException">The form is not one, or a field is missing, unknown or wrong.</exception>
    public static async Task<UploadForm> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var boundary = MediaTypeHeaderValue.TryParse(request.ContentType, out var type) ? HeaderUtilities.RemoveQuotes(type.Boundary).Value : null;
        if (string.IsNullOrEmpty(boundary) || boundary.Length > 200)
            throw Malformed("The multipart form has no usable boundary.", "Let the client write the Content-Type header, as curl -F does.");
        var reader = new MultipartReader(boundary, request.Body, bufferSize: 1 << 16) { HeadersCountLimit = 8, HeadersLengthLimit = 8192 };
        var values = new Dictionary<string, string>();
        while (await NextAsync(reader, cancellationToken) is { } section)
        {
            var disposition = section.GetContentDispositionHeader();
            var field = HeaderUtilities.RemoveQuotes(disposition?.Name ?? default).Value ?? "";
            if (!Fields.Contains(field))
                throw Malformed($"'{ClientText.Shorten(field)}' is not a field of this form.", $"The nearest is '{NearestName.Of(field, Fields)}'; send name, task and, if wanted, format, then file.");
            if (field == "file")
                return Make(reader, values, section, FileName(disposition));
            if (!values.TryAdd(field, await ValueAsync(section, cancellationToken)))
                throw Malformed($"The field '{field}' is given twice.", "Give every field once.");
        }
        throw Malformed("The form has no file.", "Send the file as the last field, for example: curl -F name=reviews -F task=sequence_classification -F file=@reviews.csv");
    }

    /// <summary>Reads past the end of the file: nothing may follow it, because by then it would be too late to read it.</summary>
    /// <exception cref="ProblemException">A field follows.</exception>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (await NextAsync(_reader, cancellationToken) is { } section)
        {
            var field = HeaderUtilities.RemoveQuotes(section.GetContentDispositionHeader()?.Name ?? default).Value;
            throw Malformed($"The field '{ClientText.Shorten(field)}' comes after the file.", "Send the file last: it is read as it arrives, so the other fields must be known before.");
        }
    }

    /// <summary>The error of a form that ends too early, from whatever reads it.</summary>
    public static ProblemException Truncated() => Malformed("The multipart form ends before its last boundary.", "Send the whole form; the upload was cut off.");

    private static UploadForm Make(MultipartReader reader, Dictionary<string, string> values, MultipartSection section, string fileName)
    {
        var name = Required(values, "name", "The dataset's name, for example movie-reviews");
        if (Names.Check("/name", name) is { } problem)
            throw new ProblemException(problem);
        var task = TaskOf(Required(values, "task", "What its rows teach, for example sequence_classification"));
        return new UploadForm(reader) { Name = name, Task = task, Format = FormatOf(values.GetValueOrDefault("format"), fileName, task), File = section.Body };
    }

    private static LearningTask TaskOf(string text)
    {
        if (SnakeCaseEnum<LearningTask>.TryRead(text, out var task))
            return task;
        var nearest = NearestName.Of(text, Enum.GetValues<LearningTask>().Select(SnakeCaseEnum<LearningTask>.Write));
        throw new ProblemException(Problems.InvalidField("/task", $"'{ClientText.Shorten(text)}' is not a task.", $"The nearest is '{nearest}'."));
    }

    private static DatasetFormat FormatOf(string? given, string fileName, LearningTask task)
    {
        var shape = RowShape.Of(task);
        var format = string.IsNullOrEmpty(given) ? FormatOfName(fileName) : SnakeCaseEnum<DatasetFormat>.TryRead(given, out var named) ? named : (DatasetFormat?)null;
        if (format is { } known && shape.Formats.Contains(known))
            return known;
        var detail = format is { } other ? $"Rows for {SnakeCaseEnum<LearningTask>.Write(task)} cannot be written as {SnakeCaseEnum<DatasetFormat>.Write(other)}."
            : string.IsNullOrEmpty(given) ? $"The file name '{ClientText.Shorten(fileName)}' does not tell the format."
            : $"'{ClientText.Shorten(given)}' is not a format.";
        var endings = string.Join(", ", shape.Formats.Select(possible => possible == DatasetFormat.Text ? ".txt" : $".{SnakeCaseEnum<DatasetFormat>.Write(possible)}"));
        throw new ProblemException(Problems.InvalidField("/format", detail,
            $"Formats of this task: {shape.FormatNames}. Send one as the field format, or a file whose name ends in {endings}; a line of jsonl is {shape.Sample}"));
    }

    private static DatasetFormat? FormatOfName(string fileName) => Path.GetExtension(fileName).ToLowerInvariant() switch
    {
        ".csv" => DatasetFormat.Csv,
        ".tsv" or ".tab" => DatasetFormat.Tsv,
        ".jsonl" or ".ndjson" or ".json" => DatasetFormat.Jsonl,
        ".txt" => DatasetFormat.Text,
        _ => null,
    };

    private static string Required(Dictionary<string, string> values, string field, string meaning) =>
        values.TryGetValue(field, out var value) && value.Length > 0
            ? value
            : throw Malformed($"The field '{field}' is missing.", $"{meaning}; send it before the file.");

    private static string FileName(ContentDispositionHeaderValue? disposition) =>
        HeaderUtilities.RemoveQuotes(disposition is { FileNameStar.HasValue: true } ? disposition.FileNameStar : disposition?.FileName ?? default).Value ?? "";

    private static async Task<string> ValueAsync(MultipartSection section, CancellationToken cancellationToken)
    {
        var bytes = new byte[MaximumFieldBytes + 1];
        var count = await section.Body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return count <= MaximumFieldBytes
            ? Encoding.UTF8.GetString(bytes, 0, count).Trim()
            : throw Malformed("A field is longer than 1,024 bytes.", "Send the data in the field 'file', as curl -F file=@reviews.csv does.");
    }

    private static async Task<MultipartSection?> NextAsync(MultipartReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadNextSectionAsync(cancellationToken);
        }
        catch (Exception broken) when (broken is InvalidDataException or IOException and not BadHttpRequestException && !cancellationToken.IsCancellationRequested)
        {
            throw Truncated();
        }
    }

    private static ProblemException Malformed(string detail, string hint) => new(Problems.Malformed(detail, hint));
}
