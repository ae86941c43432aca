using Microsoft.AspNetCore.Http.Metadata;

namespace RnnService.Http;

/// <summary>What endpoints declare about themselves, for behaviour and for the OpenAPI document.</summary>
internal static class EndpointConventions
{
    /// <summary>Takes an <c>Idempotency-Key</c>; for operations with a JSON body or none that answer with an <see cref="IResult"/>.</summary>
    public static RouteHandlerBuilder Idempotent(this RouteHandlerBuilder endpoint) =>
        endpoint.AddEndpointFilter<IdempotencyFilter>().WithMetadata(new IdempotentMetadata());

    /// <summary>Declares the problems an operation answers with, beside the 401, 429 and 503 any may.</summary>
    public static TBuilder WithProblems<TBuilder>(this TBuilder endpoint, params int[] statuses)
        where TBuilder : IEndpointConventionBuilder
    {
        foreach (var status in statuses)
            endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(Problem), [ProblemResult.MediaType]));
        return endpoint;
    }

    /// <summary>Shows an example in the OpenAPI document: the body to send and the answer, as JSON or as a stream of events; each may be null. <paramref name="events"/> if it may be both.</summary>
    public static TBuilder WithExample<TBuilder>(this TBuilder endpoint, string? request, string? response, string? events = null)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new BodyExample(request, response, events ?? response));

    /// <summary>Shows an example value of a path, query or header parameter in the OpenAPI document.</summary>
    public static TBuilder WithParameterExample<TBuilder>(this TBuilder endpoint, string parameter, string value)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new ParameterExample(parameter, value));

    /// <summary>An example body and answer.</summary>
    internal sealed record BodyExample(string? Request, string? Response, string? Events);

    /// <summary>An example of one parameter.</summary>
    internal sealed record ParameterExample(string Parameter, string Value);
}
