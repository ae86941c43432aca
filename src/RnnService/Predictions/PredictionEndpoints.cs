namespace RnnService.Predictions;

/// <summary>The doors to predictions.</summary>
internal static class PredictionEndpoints
{
    /// <summary>Registers what predictions need.</summary>
    public static IServiceCollection AddPredictions(this IServiceCollection services) => services.AddSingleton<StateTokens>();

    /// <summary>Maps <c>/api/v1/models/{ref}/…</c>: one call for each kind of answer.</summary>
    public static void MapPredictions(this IEndpointRouteBuilder routes)
    {
        routes.MapClassify();
        routes.MapLabel();
    }
}
