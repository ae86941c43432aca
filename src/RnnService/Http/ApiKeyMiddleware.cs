using System.Security.Cryptography;
using System.Text;

namespace RnnService.Http;

/// <summary>
/// Lets a request through if it carries the admin key. Without a configured key the service is open, to its own machine only:
/// the listening addresses are loopback (see <see cref="ListenAddresses"/>), and a page of a foreign site cannot use a visitor's browser
/// to reach it, because its Host or Origin gives it away.
/// </summary>
internal sealed class ApiKeyMiddleware(RequestDelegate next, RnnServiceOptions options)
{
    private readonly byte[]? _key = options.AdminKey is { } key ? Hash(key) : null;

    /// <summary>Answers one request.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        var problem = _key is null ? CheckOpen(request) : CheckKey(request, _key);
        // A key in a header is no browser's own doing; being on this machine, and Basic, are.
        if (_key is null || IsDashboard(request))
            problem ??= CheckOrigin(request);
        if (problem is null)
        {
            context.Features.Set(new Caller(_key is null ? "open" : "admin"));
            return next(context);
        }
        if (problem.Kind == ProblemKind.Unauthorized)
            context.Response.Headers.WWWAuthenticate = IsDashboard(request) ? "Basic realm=\"RnnService\", charset=\"UTF-8\"" : "Bearer realm=\"RnnService\"";
        return problem.ExecuteAsync(context);
    }

    private static ProblemResult? CheckKey(HttpRequest request, byte[] expected)
    {
        if (IsOpen(request.Path))
            return null;
        var given = GivenKey(request);
        if (given is not null && CryptographicOperations.FixedTimeEquals(Hash(given), expected))
            return null;
        return new ProblemResult(
            ProblemKind.Unauthorized,
            given is null ? "The request carries no API key." : "The API key is not valid.",
            "Send the header 'Authorization: Bearer <key>' or 'X-Api-Key: <key>' with the key of the setting RnnService:AdminKey.");
    }

    private static string? GivenKey(HttpRequest request)
    {
        string? authorization = request.Headers.Authorization;
        if (authorization?.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) == true)
            return authorization["Bearer ".Length..].Trim();
        // A browser can send Basic but no headers of ours: any user name, the key as password.
        if (IsDashboard(request) && authorization?.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) == true)
            return BasicPassword(authorization["Basic ".Length..].Trim());
        return request.Headers["X-Api-Key"] is { Count: > 0 } header ? header.ToString().Trim() : null;
    }

    private static string? BasicPassword(string encoded)
    {
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out var count))
            return "";
        var pair = Encoding.UTF8.GetString(bytes, 0, count);
        return pair[(pair.IndexOf(':') + 1)..];
    }

    private static ProblemResult? CheckOpen(HttpRequest request)
    {
        var address = request.HttpContext.Connection.LocalIpAddress;
        var isLocal = address is null || System.Net.IPAddress.IsLoopback(address);
        return isLocal && ListenAddresses.IsLoopback(request.Host.Host)
            ? null
            : new ProblemResult(ProblemKind.Forbidden, $"Without an API key the service answers its own machine only, not '{ClientText.Shorten(request.Host.Host)}'.",
                "Use http://localhost, or set RnnService:AdminKey and send it with every request.");
    }

    /// <summary>A browser names the site a writing request or a socket comes from; only the service's own pages may write, and only they may read a socket.</summary>
    private static ProblemResult? CheckOrigin(HttpRequest request)
    {
        var isRead = (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) && request.Headers.Upgrade.Count == 0;
        if (isRead || request.Headers.Origin is not { Count: > 0 } origin)
            return null;
        return Uri.TryCreate(origin, UriKind.Absolute, out var site) && string.Equals(site.Authority, Normal(request.Host), StringComparison.OrdinalIgnoreCase)
            ? null
            : new ProblemResult(ProblemKind.Forbidden, "The request comes from a page of another site.", "Call the service from a program, or from its own pages.");
    }

    private static string Normal(HostString host) =>
        host.Port is 80 or 443 || host.Port is null ? host.Host : host.Value ?? "";

    private static bool IsOpen(PathString path) => path.StartsWithSegments("/health") || path.StartsWithSegments("/swagger");

    private static bool IsDashboard(HttpRequest request) => request.Path.StartsWithSegments("/hangfire");

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
