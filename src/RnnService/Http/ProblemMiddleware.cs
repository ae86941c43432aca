using System.ComponentModel;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Extensions.Options;
using RnnService.Storage;

namespace RnnService.Http;

/// <summary>The outermost layer: whatever goes wrong below it, and every error without a body, is answered with a problem.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, IOptions<JsonOptions> json, RnnServiceOptions settings, ILogger<ProblemMiddleware> log)
{
    /// <summary>Answers one request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            var status = context.Response.StatusCode;
            if (status >= 400 && !context.Response.HasStarted && context.Response is { ContentLength: null, ContentType: null })
                await OfStatus(context, status).ExecuteAsync(context);
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            if (context.RequestAborted.IsCancellationRequested)
            {
                // Nobody is there to read an answer; the status is for the log alone.
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                return;
            }
            var problem = OfException(context, exception);
            context.Response.Clear();
            await problem.ExecuteAsync(context);
        }
    }

    private ProblemResult OfException(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case ProblemException carried:
                return carried.Problem;
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return Problems.TooLarge("The body", settings.Limits.RequestBytes, "RnnService:Limits:RequestBytes");
            case BadHttpRequestException { InnerException: JsonException inner }:
                var body = context.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType ?? typeof(object);
                return JsonProblems.Of(inner, body, json.Value.SerializerOptions);
            case BadHttpRequestException { StatusCode: StatusCodes.Status415UnsupportedMediaType }:
                return OfStatus(context, StatusCodes.Status415UnsupportedMediaType);
            case BadHttpRequestException bad:
                return Unreadable(bad);
            case InvalidOperationException when exception.Message.Contains("content type charset", StringComparison.Ordinal):
                return new ProblemResult(ProblemKind.UnsupportedMediaType, "The charset of the Content-Type is not known.", "Send JSON as UTF-8 with Content-Type: application/json and no charset.");
            case var _ when CorruptBlobException.Sentence(exception) is { } damage:
                LogFailed(exception, context.Request.Method, context.GetEndpoint()?.DisplayName);
                return new ProblemResult(ProblemKind.Damaged, damage, "Nothing was answered from it. Restore a backup, or delete what is damaged and make it again.");
            case var _ when DatabaseAbsence.IsFull(exception):
                LogDatabaseAway(context.Request.Method, context.GetEndpoint()?.DisplayName, exception.GetBaseException().Message);
                return new ProblemResult(
                    ProblemKind.StorageFull, "The disk of the database is full; nothing of the request was kept. Models go on answering, and jobs wait.", "Make room, then send it again.", RetryAfter: TimeSpan.FromSeconds(30));
            case var _ when DatabaseAbsence.Caused(exception):
                LogDatabaseAway(context.Request.Method, context.GetEndpoint()?.DisplayName, exception.GetBaseException().Message);
                return new ProblemResult(
                    ProblemKind.DatabaseAway, "The database does not answer; models that are loaded go on answering.", "Try again in a few seconds; the service goes on by itself.", RetryAfter: TimeSpan.FromSeconds(2));
            default:
                LogFailed(exception, context.Request.Method, context.GetEndpoint()?.DisplayName);
                return Problems.Internal();
        }
    }

    private static ProblemResult Unreadable(BadHttpRequestException bad)
    {
        if (bad.Message.StartsWith("Implicit body inferred", StringComparison.Ordinal) || bad.Message.Contains("no body was provided", StringComparison.Ordinal))
            return Problems.Malformed("The request has no body.", "Send a JSON object with Content-Type: application/json; /swagger has an example.");
        if (bad.Message.StartsWith("Failed to bind parameter", StringComparison.Ordinal))
        {
            // Failed to bind parameter "int limit" from "x".
            var parts = bad.Message.Split('"');
            return Unreadable(parts.Length > 1 ? parts[1].Split(' ')[^1] : "parameter", parts.Length > 3 ? parts[3] : "");
        }
        return new ProblemResult(ProblemKind.OfStatus(bad.StatusCode), bad.Message, "Compare the request with the examples at /swagger.");
    }

    private static ProblemResult Unreadable(string parameter, string value)
    {
        var name = JsonNamingPolicy.SnakeCaseLower.ConvertName(parameter);
        return Problems.Malformed($"{name} cannot be '{ClientText.Shorten(value)}'.", $"Send {name} as /swagger shows it.");
    }

    // Generated endpoints refuse an optional value that cannot be read without a word.
    private static ProblemResult? UnreadableQuery(HttpContext context) =>
        context.GetEndpoint()?.Metadata.OfType<IParameterBindingMetadata>().Where(parameter => parameter.HasTryParse)
            .Select(parameter => (parameter.Name, parameter.ParameterInfo.ParameterType, Value: context.Request.Query[parameter.Name].ToString()))
            .Where(sent => sent.Value.Length > 0 && !TypeDescriptor.GetConverter(sent.ParameterType).IsValid(sent.Value))
            .Select(sent => Unreadable(sent.Name, sent.Value)).FirstOrDefault();

    private ProblemResult OfStatus(HttpContext context, int status)
    {
        var (method, path) = (context.Request.Method, ClientText.Shorten(context.Request.Path));
        return status switch
        {
            400 when UnreadableQuery(context) is { } unreadable => unreadable,
            404 => new ProblemResult(ProblemKind.NotFound, $"There is nothing at {path}.", "/swagger lists all addresses."),
            405 => new ProblemResult(ProblemKind.MethodNotAllowed, $"{path} does not know {method}.", $"Use {context.Response.Headers.Allow}."),
            413 => Problems.TooLarge("The body", settings.Limits.RequestBytes, "RnnService:Limits:RequestBytes"),
            415 => new ProblemResult(
                ProblemKind.UnsupportedMediaType,
                $"{path} does not read '{ClientText.Shorten(context.Request.ContentType)}'.",
                $"Send Content-Type: {string.Join(" or ", Accepted(context))}."),
            _ => new ProblemResult(ProblemKind.OfStatus(status), $"{method} {path} was answered with status {status}.", "/swagger lists all addresses."),
        };
    }

    private static string[] Accepted(HttpContext context)
    {
        // Routing has by then replaced the endpoint with one that only answers 415, so look for those the request was meant for.
        var accepted = context.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(context.Request.Method) == true
                && new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []).TryMatch(context.Request.Path, []))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.ContentTypes ?? []).ToArray();
        return accepted.Length > 0 ? accepted : ["application/json"];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Endpoint}: the database does not answer: {Reason}")]
    private partial void LogDatabaseAway(string method, string? endpoint, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Endpoint} failed.")]
    private partial void LogFailed(Exception exception, string method, string? endpoint);
}
