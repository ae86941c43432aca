using Microsoft.OpenApi;
using RnnService.Storage;
using RnnService.Storage.Examples;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace RnnService.Datasets;

/// <summary>Marks the operation whose body is the upload form.</summary>
internal sealed record UploadMetadata;

/// <summary>Describes the upload form in the OpenAPI document, its file last, and what a row is for every task.</summary>
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
                ["task"] = Choice("What its rows teach.", Enum.GetValues<LearningTask>()),
                ["format"] = Choice("Else the file's name tells.", Enum.GetValues<DatasetFormat>()),
                ["file"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary", Description = "The file, last." },
            },
        };
        operation.Description += $"\n\nRows of JSON Lines and columns of CSV and TSV by task:\n{string.Join('\n', Enum.GetValues<LearningTask>().Select(FormatsOf))}";
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, IOpenApiMediaType> { ["multipart/form-data"] = new OpenApiMediaType { Schema = schema } },
        };
    }

    private static string FormatsOf(LearningTask task)
    {
        var shape = RowShape.Of(task);
        var columns = string.Join(", ", shape.Columns.Select(column => $"`{column}`"));
        var table = shape.Formats.Contains(DatasetFormat.Csv) ? $"; columns {(shape.HasFeatureColumns ? $"of numbers and {columns}" : columns)}" : "";
        return $"- `{SnakeCaseEnum<LearningTask>.Write(task)}` ({shape.FormatNames}): `{shape.Sample}`{table}";
    }

    private static OpenApiSchema Choice<T>(string description, T[] values) where T : struct, Enum =>
        new() { Type = JsonSchemaType.String, Description = description, Enum = [.. values.Select(value => SnakeCaseEnum<T>.Write(value))] };

    private static OpenApiSchema Text(string description, string example, string? pattern) =>
        new() { Type = JsonSchemaType.String, Description = description, Examples = [example], Pattern = pattern };
}
