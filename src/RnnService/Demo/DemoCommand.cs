using System.Net.Http.Headers;
using System.Net.WebSockets;
using Microsoft.Extensions.Logging.Console;
using RnnService.Storage;
using Spectre.Console;

namespace RnnService.Demo;

/// <summary>
/// The command <c>demo</c>: starts the service, makes its own data, trains a model of every shape through the service's HTTP interface,
/// shows real predictions and the curl lines to repeat them, and stays serving. What an earlier run made is used again.
/// </summary>
internal static class DemoCommand
{
    /// <summary>Only what goes wrong is logged: the screen belongs to the demo.</summary>
    public static void Quieten(ILoggingBuilder logging) =>
        // A rule for the provider beats those of the settings, which are for categories.
        logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true).AddFilter<ConsoleLoggerProvider>(level => level >= LogLevel.Warning);

    /// <summary>Runs the demo on the built service; returns when the service is stopped.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(WebApplication app)
    {
        await app.StartServingAsync();
        var address = app.Address().Replace("0.0.0.0", "localhost", StringComparison.Ordinal).Replace("[::]", "localhost", StringComparison.Ordinal).Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        var key = app.Services.GetRequiredService<RnnServiceOptions>().AdminKey;
        var stopping = app.Lifetime.ApplicationStopping;
        using var http = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(5) };
        if (key is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        var screen = new DemoScreen(AnsiConsole.Console);
        var directory = app.Services.GetRequiredService<DatabaseLocation>().DataDirectory;
        var sections = new DemoSections(new DemoClient(http), screen, new DemoCurl(address, key is not null), directory, stopping);
        try
        {
            screen.Begin(address, directory);
            foreach (var section in (Func<Task>[])
                [sections.VectorsAsync, sections.CaptionsAsync, sections.SentencesAsync, sections.VideosAsync, sections.DatesAsync, sections.SignalsAsync, sections.RhymesAsync, sections.LettersAsync])
                await section();
            screen.End(address);
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception error) when (error is InvalidOperationException or HttpRequestException or WebSocketException or IOException)
        {
            screen.Fail(error.Message);
            await app.StopAsync(CancellationToken.None);
            return 1;
        }
    }
}
