using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RnnService.Tests.Faults;

/// <summary>The built service as a process of its own on one data directory, to be killed, starved of room and cut off from power.</summary>
internal sealed class Victim : IDisposable
{
    /// <summary>No start may take longer, whatever was left behind.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FaultShim? _shim;
    private Process? _process;

    /// <param name="directory">Its data directory.</param>
    /// <param name="shim">Makes its writes fail.</param>
    public Victim(string directory, FaultShim? shim = null)
    {
        (DataDirectory, _shim) = (directory, shim);
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{FreePort()}"), Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>The process from outside.</summary>
    public HttpClient Client { get; }

    /// <summary>Where its data is.</summary>
    public string DataDirectory { get; }

    /// <summary>Its database.</summary>
    public string DatabaseFile => Path.Combine(DataDirectory, "rnnservice.db");

    /// <summary>The longest time from a start until it was ready.</summary>
    public TimeSpan SlowestStart { get; private set; }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process is not { HasExited: false };

    /// <summary>Starts it and waits until it can do its work; fails if that takes too long.</summary>
    public async Task StartAsync()
    {
        Launch();
        var clock = Stopwatch.StartNew();
        while (!await IsReadyAsync())
        {
            Assert.False(HasEnded, "the service ended instead of starting");
            Assert.True(clock.Elapsed < Patience, $"the service was not ready within {Patience}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        if (clock.Elapsed > SlowestStart) SlowestStart = clock.Elapsed;
    }

    /// <summary>Starts it without waiting.</summary>
    public void Launch() => _process = Run($"--urls={Client.BaseAddress}");

    /// <summary>Starts the program with a command beside it.</summary>
    public Process Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "RnnService.dll"), .. arguments, $"--RnnService:DataDirectory={DataDirectory}", "--Logging:Console:LogLevel:Default=None"])
        { UseShellExecute = false };
        foreach (var (name, value) in _shim?.For(DataDirectory) ?? []) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>SIGKILL, if it still runs, and waits for its end.</summary>
    public async Task KillAsync()
    {
        if (!HasEnded) _process!.Kill();
        await EndedAsync();
    }

    /// <summary>Waits until it has ended.</summary>
    public async Task EndedAsync()
    {
        await _process!.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        _process.Dispose();
        _process = null;
    }

    /// <summary>Sends it a signal by name, such as STOP, CONT or TERM.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process!.Id}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Whether a request failed because nobody answers; a process killed while it is connected to gives the second.</summary>
    public static bool IsGone(Exception error) => error is HttpRequestException or SocketException;

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var ready = await Client.GetAsync("/health/ready", TestContext.Current.CancellationToken);
            return ready.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception error) when (IsGone(error))
        {
            return false;
        }
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
        if (_process is null) return;
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
