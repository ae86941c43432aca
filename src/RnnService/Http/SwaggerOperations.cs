using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace RnnService.Http;

/// <summary>Puts what <see cref="EndpointConventions"/> declares into the OpenAPI document.</summary>
internal sealed class SwaggerOperations : IOperationFilter
{
    /// <inheritdoc/>
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        foreach (var example in metadata.OfType<EndpointConventions.ParameterExample>())
        {
            if (operation.Parameters?.FirstOrDefault(parameter => parameter.Name == example.Parameter) is OpenApiParameter parameter)
                parameter.Example = JsonValue.Create(example.Value);
        }
        AddMediaTypes(operation, context, metadata);
        if (metadata.OfType<EndpointConventions.BodyExample>().FirstOrDefault() is { } bodies)
            SetExamples(operation, bodies);
        if (metadata.OfType<IdempotentMetadata>().Any())
        {
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = IdempotencyKeys.Header,
                In = ParameterLocation.Header,
                Description = "Sent again with the same key and body within 24 hours, the request is answered as the first time and creates nothing more.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = 255 },
            });
        }
        foreach (var (status, response) in operation.Responses ?? [])
        {
            if (status[0] is '4' or '5' && response is OpenApiResponse { Description: null or "" } bare)
                bare.Description = ProblemKind.OfStatus(int.Parse(status)).Title;
        }
    }

    // The framework's description keeps but one media type of a status.
    private static void AddMediaTypes(OpenApiOperation operation, OperationFilterContext context, IEnumerable<object> metadata)
    {
        foreach (var produced in metadata.OfType<IProducesResponseTypeMetadata>())
        {
            if (produced.Type is not { } type || type == typeof(void) || operation.Responses?.GetValueOrDefault(produced.StatusCode.ToString()) is not OpenApiResponse { Content: { } content })
                continue;
            foreach (var mediaType in produced.ContentTypes)
                content.TryAdd(mediaType, new OpenApiMediaType { Schema = context.SchemaGenerator.GenerateSchema(type, context.SchemaRepository) });
        }
    }

    private static void SetExamples(OpenApiOperation operation, EndpointConventions.BodyExample bodies)
    {
        if (bodies.Request is not null && operation.RequestBody?.Content?.TryGetValue("application/json", out var request) == true && request is OpenApiMediaType sent)
            sent.Example = JsonNode.Parse(bodies.Request);
        if (bodies.Response is null)
            return;
        foreach (var (status, response) in operation.Responses ?? [])
        {
            if (status[0] != '2')
                continue;
            if (response.Content?.TryGetValue("application/json", out var content) == true && content is OpenApiMediaType answered)
                answered.Example = JsonNode.Parse(bodies.Response);
            if (response.Content?.TryGetValue(EventStream.MediaType, out var events) == true && events is OpenApiMediaType streamed)
                streamed.Example = JsonValue.Create(bodies.Events);
        }
    }
}
