using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace RnnService.Datasets;

/// <summary>Marks the operation whose body is the upload form.</summary>
internal sealed record UploadMetadata;

/// <summary>Describes the upload form in the OpenAPI document, its file last.</summary>
internal sealed class UploadForms : IOperationFilter
{
    /// <inheritdoc/>
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (!context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<UploadMetadata>().Any())
            return;
        var schema = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { "name", "task", "file" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["name"] = Text("Its unique name.", "movie-reviews", Http.Names.Pattern),
                ["task"] = Text("What its rows teach.", "sequence_classification", null),
                ["format"] = Choice("Else the file's name tells.", "csv", "tsv", "jsonl"),
                ["file"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary", Description = "The file, last." },
            },
        };
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, IOpenApiMediaType> { ["multipart/form-data"] = new OpenApiMediaType { Schema = schema } },
        };
    }

    private static OpenApiSchema Choice(string description, params string[] values) =>
        new() { Type = JsonSchemaType.String, Description = description, Enum = [.. values] };

    private static OpenApiSchema Text(string description, string example, string? pattern) =>
        new() { Type = JsonSchemaType.String, Description = description, Examples = [example], Pattern = pattern };
}
