using System.Reflection;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.OpenApi;

namespace RnnService.Http;

/// <summary>The OpenAPI document and the page that tries it out.</summary>
internal static class Swagger
{
    /// <summary>Registers the document; features add filters of their own to its options.</summary>
    public static IServiceCollection AddSwagger(this IServiceCollection services, RnnServiceOptions options)
    {
        services.AddEndpointsApiExplorer();
        return services.AddSwaggerGen(swagger =>
        {
            swagger.SwaggerDoc("v1", new OpenApiInfo
            {
                Title = "RnnService",
                Version = "v1",
                Description = "Trains recurrent neural networks on your data and serves their predictions. "
                    + "The examples work when pressed once `demo` has run: its models are `demo-vector`, `demo-caption`, `demo-sentiment`, `demo-motion`, `demo-translate`, `demo-labels` and `demo-language`, and it prints a request for each.",
            });
            swagger.SupportNonNullableReferenceTypes();
            swagger.NonNullableReferenceTypesAsRequired();
            swagger.UseAllOfToExtendReferenceSchemas();
            swagger.CustomSchemaIds(SchemaId);
            swagger.IncludeXmlComments(Path.Combine(AppContext.BaseDirectory, $"{Assembly.GetExecutingAssembly().GetName().Name}.xml"), includeControllerXmlComments: true);
            swagger.CustomOperationIds(OperationId);
            swagger.OperationFilter<SwaggerOperations>();
            if (options.AdminKey is null)
                return;
            swagger.AddSecurityDefinition("key", new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "The value of the setting RnnService:AdminKey.",
            });
            swagger.AddSecurityRequirement(document => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("key", document)] = [] });
        });
    }

    /// <summary>Serves <c>/swagger</c> and <c>/swagger/v1/swagger.json</c>.</summary>
    public static void UseSwaggerPage(this WebApplication app)
    {
        app.UseSwagger(swagger => swagger.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1);
        app.UseSwaggerUI(page =>
        {
            page.DocumentTitle = "RnnService";
            page.SwaggerEndpoint("v1/swagger.json", "RnnService v1");
            page.EnableDeepLinking();
            page.EnableTryItOutByDefault();
            page.DisplayRequestDuration();
        });
    }

    /// <summary>The endpoint's own name, or one made of method and address: <c>get_models_name</c>.</summary>
    private static string OperationId(ApiDescription api) =>
        api.ActionDescriptor.EndpointMetadata.OfType<IEndpointNameMetadata>().LastOrDefault()?.EndpointName
        ?? string.Join('_', $"{api.HttpMethod}/{api.RelativePath}".Split(['/', '{', '}', '-', '?', ':'], StringSplitOptions.RemoveEmptyEntries)
            .Where(part => part is not ("api" or "v1"))).ToLowerInvariant();

    private static string SchemaId(Type type) => type.IsGenericType
        ? string.Concat(type.GetGenericArguments().Select(SchemaId)) + type.Name[..type.Name.IndexOf('`')]
        : type.Name;
}
