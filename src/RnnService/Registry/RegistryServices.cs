namespace RnnService.Registry;

/// <summary>Registers the model registry.</summary>
internal static class RegistryServices
{
    /// <summary>Offers <see cref="ModelRegistry"/>, with a quarter of the memory for models at most.</summary>
    public static IServiceCollection AddModels(this IServiceCollection services) => services
        .AddSingleton(new ModelCacheSize(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4))
        .AddSingleton<ModelRegistry>();
}
