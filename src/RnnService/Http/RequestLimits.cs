using System.Globalization;
using System.Threading.RateLimiting;

namespace RnnService.Http;

/// <summary>Limits on how many requests are taken, per key and at once.</summary>
internal static class RequestLimits
{
    /// <summary>Registers the limiter; <c>UseRateLimiter</c> puts it to work.</summary>
    public static IServiceCollection AddRequestLimits(this IServiceCollection services, Limits limits) => services.AddRateLimiter(limiter =>
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
            PartitionedRateLimiter.Create<HttpContext, string>(context => IsHealth(context) ? Unlimited() : PerCaller(Caller.IdOf(context), limits)),
            PartitionedRateLimiter.Create<HttpContext, string>(context => IsHealth(context) ? Unlimited() : AtOnce(limits)));
        limiter.OnRejected = (rejected, _) => new ValueTask(Answer(rejected.Lease, limits).ExecuteAsync(rejected.HttpContext));
    });

    private static ProblemResult Answer(RateLimitLease lease, Limits limits) => lease.TryGetMetadata(MetadataName.RetryAfter, out var wait)
        ? Problems.RateLimited(
            string.Create(CultureInfo.InvariantCulture, $"This key sent more than {limits.RequestsPerSecond} requests per second."),
            "Wait as long as Retry-After says, or raise the setting RnnService:Limits:RequestsPerSecond.",
            wait < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : wait)
        : Problems.Busy(
            string.Create(CultureInfo.InvariantCulture, $"{limits.ConcurrentRequests} requests are being answered already."),
            "Try again after a second, or raise the setting RnnService:Limits:ConcurrentRequests.",
            TimeSpan.FromSeconds(1));

    private static RateLimitPartition<string> PerCaller(string caller, Limits limits) => RateLimitPartition.GetTokenBucketLimiter(caller, _ =>
    {
        // Many small refills keep the pace even; slow rates need whole tokens.
        var refills = limits.RequestsPerSecond >= 100 ? 10 : 1;
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = limits.RequestsPerSecond,
            TokensPerPeriod = limits.RequestsPerSecond / refills,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1.0 / refills),
        };
    });

    private static RateLimitPartition<string> AtOnce(Limits limits) =>
        RateLimitPartition.GetConcurrencyLimiter("all", _ => new ConcurrencyLimiterOptions { PermitLimit = limits.ConcurrentRequests });

    private static RateLimitPartition<string> Unlimited() => RateLimitPartition.GetNoLimiter("health");

    private static bool IsHealth(HttpContext context) => context.Request.Path.StartsWithSegments("/health");
}
