using Microsoft.AspNetCore.Routing;

namespace RnnService.Http;

/// <summary>What every request meets before its endpoint: problems, key, limits.</summary>
internal static class HttpConventions
{
    /// <summary>Registers JSON, limits, health and idempotency.</summary>
    public static void AddHttpConventions(this WebApplicationBuilder builder, RnnServiceOptions options)
    {
        builder.Services.ConfigureHttpJsonOptions(json => JsonConventions.Apply(json.SerializerOptions));
        // Let reading errors reach ProblemMiddleware in every environment.
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.Limits.RequestBytes;
        });
        builder.Services.AddRequestLimits(options.Limits);
        builder.Services.AddHealth();
        builder.Services.AddSingleton<StreamPlaces>();
        builder.Services.AddSingleton<EventStreams>();
        builder.Services.AddSingleton<IdempotencyKeys>();
        builder.Services.AddHostedService<IdempotencySweep>();
    }

    /// <summary>The order matters: problems see everything, keys come before limits, limits before work.</summary>
    public static void UseHttpConventions(this WebApplication app)
    {
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<ApiKeyMiddleware>();
        app.UseRouting();
        app.UseKnownQueries();
        app.UseRateLimiter();
        // Pings, so that proxies keep a silent socket open and one whose client is gone is noticed.
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(15), KeepAliveTimeout = TimeSpan.FromSeconds(15) });
    }
}
