namespace RnnService.Http;

/// <summary>Who sent a request, as a request feature: what limits and Idempotency-Keys are counted by.</summary>
/// <param name="Id">Stable and not secret.</param>
internal sealed record Caller(string Id)
{
    /// <summary>The caller of a request that passed <see cref="ApiKeyMiddleware"/>.</summary>
    public static string IdOf(HttpContext context) => context.Features.Get<Caller>()?.Id ?? "open";
}
