using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RnnService.Storage;
using RnnService.Tests.Storage;

namespace RnnService.Tests;

/// <summary>The real service, listening on a free loopback port, with a data directory of its own that is deleted at the end.</summary>
internal sealed class RunningService : IAsyncDisposable
{
    private readonly bool _ownsDirectory;

    private RunningService(WebApplication app, string directory, bool ownsDirectory)
    {
        (App, DataDirectory, _ownsDirectory) = (app, directory, ownsDirectory);
        Client = new HttpClient { BaseAddress = new Uri(app.Address()), Timeout = TimeSpan.FromSeconds(60) };
    }

    /// <summary>The service from inside.</summary>
    public WebApplication App { get; }

    /// <summary>The service from outside.</summary>
    public HttpClient Client { get; }

    /// <summary>Where its SQLite file is.</summary>
    public string DataDirectory { get; }

    /// <summary>Starts it; settings as on the command line, for example <c>--RnnService:Limits:DatasetBytes=1000</c>.</summary>
    public static Task<RunningService> StartAsync(params string[] settings) => StartInAsync(null, settings);

    /// <summary>Starts it on an existing data directory, which then stays.</summary>
    public static async Task<RunningService> StartInAsync(string? directory, params string[] settings)
    {
        var data = directory ?? Directory.CreateTempSubdirectory("rnnservice-test-").FullName;
        // With this switch the tests that keep no directory over a restart run on PostgreSQL instead, as .ci/run does a second time.
        if (directory is null && Environment.GetEnvironmentVariable("RNNSERVICE_TEST_DATABASE") == "postgresql")
            settings = [.. await OnPostgreSqlAsync(), .. settings];
        var app = Program.Build([
            "--urls=http://127.0.0.1:0", $"--RnnService:DataDirectory={data}", "--Logging:LogLevel:Default=Warning", "--Logging:LogLevel:RnnService=Warning", .. settings]);
        try
        {
            await app.StartServingAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
        return new RunningService(app, data, ownsDirectory: directory is null);
    }

    /// <summary>The settings for an empty database of the tests' PostgreSQL; skips the test where there is none.</summary>
    public static async Task<string[]> OnPostgreSqlAsync() => ["--RnnService:Database=postgresql", $"--ConnectionStrings:RnnService={await PostgreSqlCluster.CreateDatabaseAsync()}"];

    /// <summary>A database context, to see what is really stored.</summary>
    internal RnnDbContext Context() => App.Services.GetRequiredService<IDbContextFactory<RnnDbContext>>().CreateDbContext();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (_ownsDirectory)
            Directory.Delete(DataDirectory, recursive: true);
    }
}

/// <summary>One service for all tests of a class.</summary>
public sealed class ServiceFixture : IAsyncLifetime
{
    private RunningService? _service;

    internal RunningService Service => _service ?? throw new InvalidOperationException("The service has not started.");

    internal HttpClient Client => Service.Client;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _service = await RunningService.StartAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _service?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>What tests read from answers.</summary>
internal static class Answers
{
    /// <summary>The body as JSON.</summary>
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response) =>
        await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);

    /// <summary>Asserts a problem of this kind that says what to send instead, and returns it.</summary>
    public static async Task<JsonElement> ProblemAsync(this HttpResponseMessage response, int status, string kind)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode == status, $"expected {status}, got {(int)response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize<JsonElement>(text);
        Assert.Equal($"urn:rnnservice:problem:{kind}", problem.Text("type"));
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.Text("title"));
        Assert.NotEmpty(problem.Text("detail"));
        Assert.NotEmpty(problem.Text("hint"));
        Assert.Matches("^[0-9a-f]{32}$", problem.Text("trace_id"));
        Assert.DoesNotContain("   at ", text);
        return problem;
    }

    /// <summary>A property's text.</summary>
    public static string Text(this JsonElement element, string property) => element.GetProperty(property).GetString() ?? "";

    /// <summary>The lines a file's problem names.</summary>
    public static long[] Lines(this JsonElement problem) =>
        [.. problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("line").GetInt64())];
}
