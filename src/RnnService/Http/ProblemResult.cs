using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace RnnService.Http;

/// <summary>Answers with a problem. Make one with <see cref="Problems"/>.</summary>
internal sealed record ProblemResult(
    ProblemKind Kind, string Detail, string? Hint = null, IReadOnlyList<ProblemError>? Errors = null, TimeSpan? RetryAfter = null)
    : IResult, IStatusCodeHttpResult, IContentTypeHttpResult
{
    /// <summary>The media type of problems.</summary>
    public const string MediaType = "application/problem+json";

    int? IStatusCodeHttpResult.StatusCode => Kind.Status;

    string? IContentTypeHttpResult.ContentType => MediaType;

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Kind.Status;
        response.Headers.CacheControl = "no-store";
        if (RetryAfter is { } wait)
            response.Headers.RetryAfter = ((long)Math.Ceiling(wait.TotalSeconds)).ToString();
        var problem = new Problem
        {
            Type = Kind.Type,
            Title = Kind.Title,
            Status = Kind.Status,
            Detail = Detail,
            TraceId = Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier,
            Errors = Errors,
            Hint = Hint,
        };
        var options = httpContext.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        // A problem may hold text of the client that is no valid UTF-16; the serialiser replaces it.
        return response.WriteAsJsonAsync(problem, options, MediaType, httpContext.RequestAborted);
    }
}
