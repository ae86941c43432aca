using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RnnService.Storage;

namespace RnnService.Http;

/// <summary><c>/health/live</c>: the process answers. <c>/health/ready</c>: it can do its work; every check tagged <c>ready</c> passed.</summary>
internal static class Health
{
    /// <summary>Tag of the checks that readiness asks.</summary>
    public const string Ready = "ready";

    /// <summary>Registers the database's check; other parts add theirs with the tag <see cref="Ready"/>.</summary>
    public static IHealthChecksBuilder AddHealth(this IServiceCollection services) =>
        services.AddHealthChecks().AddCheck<DatabaseCheck>("database", tags: [Ready], timeout: TimeSpan.FromSeconds(5));

    /// <summary>Maps both addresses.</summary>
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync });
        routes.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Ready), ResponseWriter = WriteAsync });
    }

    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        if (report.Status == HealthStatus.Unhealthy)
        {
            var failed = string.Join(", ", report.Entries.Where(entry => entry.Value.Status == HealthStatus.Unhealthy).Select(entry => entry.Key));
            return new ProblemResult(
                ProblemKind.NotReady, $"Not ready: {failed}.", "Try again in a few seconds; the service's log says more.", RetryAfter: TimeSpan.FromSeconds(5)).ExecuteAsync(context);
        }
        var checks = report.Entries.ToDictionary(entry => entry.Key, entry => "ok");
        return context.Response.WriteAsJsonAsync(new HealthAnswer("ok", checks), context.RequestAborted);
    }

    /// <summary>The answer while all is well.</summary>
    internal sealed record HealthAnswer(string Status, IReadOnlyDictionary<string, string> Checks);

    private sealed class DatabaseCheck(IDbContextFactory<RnnDbContext> contexts) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            await using var database = await contexts.CreateDbContextAsync(cancellationToken);
            await database.Datasets.AnyAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
    }
}
