using RnnService.Storage;

namespace RnnService.Registry;

/// <summary>Registers the model registry.</summary>
internal static class RegistryServices
{
    /// <summary>Offers <see cref="ModelRegistry"/>, with a quarter of the memory for models at most, in step with the other replicas.</summary>
    public static IServiceCollection AddModels(this IServiceCollection services, DatabaseLocation location)
    {
        services.AddSingleton(new ModelCacheSize(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4));
        services.AddSingleton<ModelRegistry>();
        return location.PostgreSql is { } connection
            ? services.AddHostedService(provider => ActivatorUtilities.CreateInstance<RegistryNews>(provider, connection))
            : services;
    }
}
