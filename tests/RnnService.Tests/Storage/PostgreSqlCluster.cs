using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using RnnService.Tests.Storage;

[assembly: AssemblyFixture(typeof(PostgreSqlCluster))]

namespace RnnService.Tests.Storage;

/// <summary>
/// A PostgreSQL server of the tests' own, from the packages of the system: made in a temporary folder when first asked for, on a free loopback
/// port, with as many databases as there are tests. It refuses to be run by root and is then run by the user <c>postgres</c>.
/// </summary>
public sealed class PostgreSqlCluster : IDisposable
{
    private static readonly Lazy<PostgreSqlCluster> Started = new(() => new PostgreSqlCluster(Programs() ?? throw new InvalidOperationException("No PostgreSQL.")));

    private readonly string? _programs;
    private readonly string _directory = "";
    private readonly int _port;

    /// <summary>What xunit makes and disposes of: it stands for the server that was started, if one was.</summary>
    public PostgreSqlCluster()
    {
    }

    private PostgreSqlCluster(string programs)
    {
        (_programs, _port) = (programs, FreePort());
        _directory = Directory.CreateTempSubdirectory("rnnservice-postgresql-").FullName;
        if (Environment.IsPrivilegedProcess) Run("chown", "postgres", _directory);
        Execute("initdb", "-D", Data, "-A", "trust", "-U", "rnn", "-E", "UTF8", "--no-sync");
        Start();
    }

    /// <summary>Why there is no server; null if there can be one.</summary>
    public static string? Missing => Programs() is null ? "PostgreSQL is not installed (/usr/lib/postgresql/*/bin)" : null;

    private string Data => Path.Combine(_directory, "data");

    /// <summary>Makes an empty database; skips the test where there is no server.</summary>
    /// <returns>Its connection string.</returns>
    public static async Task<string> CreateDatabaseAsync()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        return await Started.Value.CreateAsync();
    }

    /// <summary>A server that a test may stop, freeze and start again; dispose of it.</summary>
    internal static PostgreSqlCluster StartOwn()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        return new(Programs()!);
    }

    /// <summary>Makes an empty database on this server.</summary>
    internal async Task<string> CreateAsync()
    {
        var name = $"test_{Guid.NewGuid():N}";
        await using var connection = new NpgsqlConnection(Connection("postgres"));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await create.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return Connection(name);
    }

    /// <summary>Starts the stopped server; returns when it answers.</summary>
    internal void Start() => Execute("pg_ctl", "-D", Data, "-w", "-s", "-l", Path.Combine(_directory, "log"),
        "-o", $"-p {_port} -k {_directory} -c listen_addresses=127.0.0.1 -c max_connections=200 -c fsync=off", "start");

    /// <summary>Stops the server at once, cutting off who is connected.</summary>
    internal void Stop() => Execute("pg_ctl", "-D", Data, "-w", "-s", "-m", "fast", "stop");

    /// <summary>Freezes the server with all its processes, as on a machine that hangs: it takes connections and says nothing.</summary>
    internal void Freeze() => Signal("STOP");

    /// <summary>Lets it go on.</summary>
    internal void Thaw() => Signal("CONT");

    private void Signal(string signal)
    {
        var postmaster = File.ReadLines(Path.Combine(Data, "postmaster.pid")).First();
        var children = File.ReadAllText($"/proc/{postmaster}/task/{postmaster}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // A child may have ended meanwhile.
        Run("sh", "-c", $"kill -{signal} {postmaster} && kill -{signal} {string.Join(' ', children)} || true");
    }

    private string Connection(string database) => $"Host=127.0.0.1;Port={_port};Username=rnn;Database={database};Maximum Pool Size=10";

    private void Execute(string program, params string[] arguments)
    {
        var path = Path.Combine(_programs!, program);
        if (Environment.IsPrivilegedProcess) Run("runuser", ["-u", "postgres", "--", path, .. arguments]);
        else Run(path, arguments);
    }

    private static void Run(string program, params string[] arguments)
    {
        // Its output goes nowhere: a server that inherited a pipe would keep its reader waiting.
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >/dev/null 2>&1", "sh", program, .. arguments]) { WorkingDirectory = "/" })!;
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    private static string? Programs()
    {
        const string installed = "/usr/lib/postgresql";
        return !Directory.Exists(installed) ? null : Directory.EnumerateDirectories(installed).Select(version => Path.Combine(version, "bin"))
            .Where(programs => File.Exists(Path.Combine(programs, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Stops the server and deletes what it stored.</summary>
    public void Dispose()
    {
        if (_programs is null)
        {
            if (Started.IsValueCreated) Started.Value.Dispose();
            return;
        }

        NpgsqlConnection.ClearAllPools();
        Execute("pg_ctl", "-D", Data, "-w", "-s", "-m", "immediate", "stop");
        Directory.Delete(_directory, recursive: true);
    }
}
