using RnnService.Storage;

namespace RnnService.Http;

/// <summary>
/// The command <c>healthcheck</c>: asks the service that these settings start whether it is ready. Touches neither its database nor its lock,
/// so it may run beside it; made for a container's health check.
/// </summary>
internal static class HealthcheckCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>Asks once and says the answer in one sentence.</summary>
    /// <returns>0 if the service is ready, else 1.</returns>
    /// <exception cref="StartupException">The settings name no address that can be asked.</exception>
    public static async Task<int> RunAsync(string[] args)
    {
        var configuration = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory }).Configuration;
        var address = new Uri(Address(configuration), "/health/ready");
        // It asks its own machine: a proxy of the environment is for others.
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler) { Timeout = Timeout };
        try
        {
            using var response = await client.GetAsync(address);
            var ready = response.IsSuccessStatusCode;
            await (ready ? Console.Out : Console.Error).WriteLineAsync($"{address} answers {(int)response.StatusCode}: the service is {(ready ? "ready" : "not ready")}.");
            return ready ? 0 : 1;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            var reason = error is TaskCanceledException ? $"no answer within {Timeout.TotalSeconds:0} s" : error.Message.TrimEnd('.');
            await Console.Error.WriteLineAsync($"{address} cannot be reached: {reason}.");
            return 1;
        }
    }

    /// <summary>Where to ask: the first address the service listens on, plain HTTP before HTTPS; all addresses of a machine are asked at its loopback.</summary>
    /// <exception cref="StartupException">There is none with a host and a fixed port.</exception>
    internal static Uri Address(IConfiguration configuration)
    {
        var configured = ListenAddresses.Configured(configuration);
        var askable = configured.Select(ListenAddresses.Parse).Where(address => !address.IsUnixPipe && address.Port != 0)
            .OrderBy(address => address.Scheme == Uri.UriSchemeHttp ? 0 : 1).FirstOrDefault();
        if (configured.Count > 0 && askable is null)
            throw new StartupException($"healthcheck cannot ask {string.Join(", ", configured)}: set an address with a host and a port, for example the environment variable ASPNETCORE_URLS={ListenAddresses.Default}.");
        if (askable is null)
            return new Uri(ListenAddresses.Default);
        var host = askable.Host switch { "*" or "+" or "0.0.0.0" => "127.0.0.1", "[::]" => "[::1]", var named => named };
        return new UriBuilder(askable.Scheme, host, askable.Port).Uri;
    }
}
