using Microsoft.AspNetCore.Http.Metadata;

namespace RnnService.Http;

/// <summary>Refuses a query that nobody reads where a request changes something, as an unknown property of its body is refused: with <c>dryrun</c> for <c>dry_run</c> it would change more than was meant.</summary>
internal static class KnownQueries
{
    /// <summary>Needs routing before it.</summary>
    public static void UseKnownQueries(this WebApplication app) =>
        app.Use((context, next) => FirstUnknown(context) is { } problem ? problem.ExecuteAsync(context) : next(context));

    private static ProblemResult? FirstUnknown(HttpContext context)
    {
        if (context.Request.Query.Count == 0 || HttpMethods.IsGet(context.Request.Method) || !context.Request.Path.StartsWithSegments("/api") || context.GetEndpoint() is not RouteEndpoint endpoint) return null;
        var parameters = endpoint.Metadata.OfType<IParameterBindingMetadata>().Where(parameter => endpoint.RoutePattern.GetParameter(parameter.Name) is null).ToList();
        if (context.Request.Query.Keys.FirstOrDefault(name => !parameters.Exists(parameter => parameter.Name == name)) is not { } unknown) return null;
        string[] known = [.. parameters.Where(parameter => parameter.HasTryParse).Select(parameter => parameter.Name)];
        return Problems.Malformed($"\"{ClientText.Shorten(unknown)}\" is not a known query parameter of this request.", known.Length == 0 ? "It has none: leave the query out." : $"Did you mean {NearestName.Of(unknown, known)}?");
    }
}
