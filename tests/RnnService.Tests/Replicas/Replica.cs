using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RnnService.Tests.Replicas;

/// <summary>One process of several that share a PostgreSQL database: the built program in one of its roles.</summary>
internal sealed class Replica : IDisposable
{
    private readonly Process _process;

    private Replica(string role, string database)
    {
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{FreePort()}"), Timeout = TimeSpan.FromSeconds(30) };
        _process = Process.Start(new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "RnnService.dll"), $"--urls={Client.BaseAddress}", $"--RnnService:Role={role}", "--RnnService:Database=postgresql",
            $"--ConnectionStrings:RnnService={database}", "--RnnService:TrainingCores=1", "--Logging:LogLevel:Default=Warning",
        ])
        { UseShellExecute = false })!;
    }

    /// <summary>The process from outside.</summary>
    public HttpClient Client { get; }

    /// <summary>How jobs name it as their worker.</summary>
    public string Name => $"{Environment.MachineName}-{_process.Id}";

    /// <summary>Starts processes in these roles at the same moment and waits until all are ready.</summary>
    public static async Task<Replica[]> StartAsync(string database, params string[] roles)
    {
        Replica[] replicas = [.. roles.Select(role => new Replica(role, database))];
        foreach (var replica in replicas) await replica.ReadyAsync();
        return replicas;
    }

    /// <summary>Waits until it can do its work.</summary>
    public async Task ReadyAsync()
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var ready = await Client.GetAsync("/health/ready", TestContext.Current.CancellationToken);
                if (ready.StatusCode == HttpStatusCode.OK) return;
            }
            catch (HttpRequestException)
            {
            }

            Assert.False(_process.HasExited, "it ended");
            Assert.True(tries < 1200, "it was not ready within a minute");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Sends <c>STOP</c>, <c>CONT</c> or <c>TERM</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString()]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Waits until it has ended by itself.</summary>
    public async Task<int> EndedAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        Client.Dispose();
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
