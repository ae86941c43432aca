using System.Text.Json.Serialization;

namespace RnnService.Http;

/// <summary>An error as it is sent: RFC 9457 <c>application/problem+json</c>.</summary>
internal sealed record Problem
{
    /// <summary>Which kind of error; stable.</summary>
    public required string Type { get; init; }

    /// <summary>The kind in words.</summary>
    public required string Title { get; init; }

    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>What is wrong with this request.</summary>
    public required string Detail { get; init; }

    /// <summary>Finds this request in the service's log.</summary>
    public required string TraceId { get; init; }

    /// <summary>Where it is wrong: pointers into a JSON body, or lines of a file.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ProblemError>? Errors { get; init; }

    /// <summary>What to send instead.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hint { get; init; }
}

/// <summary>One place that is wrong.</summary>
internal sealed record ProblemError
{
    /// <summary>RFC 6901 pointer into the JSON body, for example <c>/network/hidden_size</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Pointer { get; init; }

    /// <summary>Line of the file, from 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Line { get; init; }

    /// <summary>What is wrong there.</summary>
    public required string Detail { get; init; }

    /// <summary>An error in a JSON body.</summary>
    public static ProblemError At(string pointer, string detail) => new() { Pointer = pointer, Detail = detail };

    /// <summary>An error in a file.</summary>
    public static ProblemError AtLine(long line, string detail) => new() { Line = line, Detail = detail };
}
