using System.Net;
using System.Net.Sockets;
using RnnService.Storage;

namespace RnnService.Http;

/// <summary>Where the service listens, checked before it does.</summary>
internal static class ListenAddresses
{
    /// <summary>Where it listens when nothing is said.</summary>
    public const string Default = "http://localhost:8080";

    /// <summary>Sets the default address, and refuses addresses others can reach while there is no key.</summary>
    /// <exception cref="StartupException">An address is not loopback and no key is set, cannot be read, or is taken.</exception>
    public static void Choose(WebApplicationBuilder builder, RnnServiceOptions options)
    {
        var addresses = Configured(builder.Configuration);
        if (addresses.Count == 0)
        {
            addresses = [Default];
            builder.WebHost.UseUrls(Default);
        }
        foreach (var text in addresses)
        {
            var address = Parse(text);
            if (options.AdminKey is null && !address.IsUnixPipe && !IsLoopback(address.Host))
            {
                throw new StartupException(
                    $"{text} can be reached from other machines, but no key protects it: set RnnService:AdminKey (for example the environment variable RnnService__AdminKey), or listen on {Default}.");
            }
            if (!address.IsUnixPipe)
                RefuseTaken(text, address);
        }
    }

    /// <summary>Whether a host name or address means this machine only.</summary>
    public static bool IsLoopback(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    /// <summary>The addresses the settings name, as they are written there; none means <see cref="Default"/>.</summary>
    public static List<string> Configured(IConfiguration configuration)
    {
        // Kestrel's own order: its section overrides urls, and urls override ports.
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).OfType<string>().ToList();
        if (endpoints.Count > 0)
            return endpoints;
        if (Split(configuration["urls"]) is { Count: > 0 } urls)
            return urls;
        return [
            .. Split(configuration["http_ports"]).Select(port => $"http://*:{port}"),
            .. Split(configuration["https_ports"]).Select(port => $"https://*:{port}"),
        ];
    }

    private static List<string> Split(string? list) =>
        [.. (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    /// <summary>One address, taken apart.</summary>
    /// <exception cref="StartupException">It is none.</exception>
    public static BindingAddress Parse(string text)
    {
        try
        {
            return BindingAddress.Parse(text);
        }
        catch (FormatException)
        {
            throw new StartupException($"--urls '{text}' is not an address; write, for example, {Default}.");
        }
    }

    /// <summary>Kestrel would say the same with a page of stack trace.</summary>
    private static void RefuseTaken(string text, BindingAddress address)
    {
        var ip = IPAddress.TryParse(address.Host.Trim('[', ']'), out var parsed) ? parsed : IsLoopback(address.Host) ? IPAddress.Loopback : IPAddress.Any;
        try
        {
            using var probe = new TcpListener(ip, address.Port);
            probe.Start();
        }
        catch (SocketException taken)
        {
            throw new StartupException($"The service cannot listen on {text} ({taken.Message}); stop what listens there, or choose another with --urls http://localhost:8081.");
        }
    }
}
