using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.EntityFrameworkCore;
using RnnService.Storage;

namespace RnnService;

/// <summary>Starts the built service and says where it is.</summary>
internal static partial class Serving
{
    /// <summary>Has the framework's model of the database made beside what comes next: a fifth of a start.</summary>
    public static void MakeModel(this WebApplication app) => _ = Task.Run(() =>
    {
        using var context = app.Services.GetRequiredService<IDbContextFactory<RnnDbContext>>().CreateDbContext();
        return context.Model;
    });

    /// <summary>Takes the database, listens, and serves until the process is asked to stop.</summary>
    /// <exception cref="StartupException">The database cannot be used.</exception>
    public static async Task ServeAsync(this WebApplication app)
    {
        await app.StartServingAsync();
        await app.WaitForShutdownAsync();
    }

    /// <summary>Takes the database and listens; returns when requests are answered.</summary>
    /// <exception cref="StartupException">The database cannot be used.</exception>
    public static async Task StartServingAsync(this WebApplication app)
    {
        // The first request makes every endpoint; done once beside the database's start, it finds most of that code compiled.
        var warming = Task.Run(() => ((IEndpointRouteBuilder)app).DataSources.Sum(source => source.Endpoints.Count));
        await app.Services.GetRequiredService<Database>().StartAsync(app.Lifetime.ApplicationStopping);
        await warming;
        await app.StartAsync();
        var location = app.Services.GetRequiredService<DatabaseLocation>();
        var version = typeof(Serving).Assembly.GetName().Version?.ToString(3) ?? "";
        var (address, data) = (app.Address(), location.SqliteFile ?? "PostgreSQL");
        LogServing(app.Logger, version, address, data);
    }

    /// <summary>Brings the database up to date, safely beside others, and says so.</summary>
    /// <exception cref="StartupException">The database cannot be used.</exception>
    public static async Task<int> MigrateAsync(this WebApplication app)
    {
        await app.Services.GetRequiredService<Database>().StartAsync(CancellationToken.None);
        await Console.Out.WriteLineAsync($"The database is up to date: {app.Services.GetRequiredService<DatabaseLocation>().SqliteFile ?? "PostgreSQL"}.");
        return 0;
    }

    /// <summary>The first address the started service listens on.</summary>
    public static string Address(this WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "";

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "RnnService {Version} listens on {Address}; its data is in {Data}.")]
    private static partial void LogServing(ILogger logger, string version, string address, string data);
}
