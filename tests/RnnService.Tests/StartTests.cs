using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RnnService.Tests;

/// <summary>The built program as it is started from a shell.</summary>
public sealed class StartTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("RnnService:AdminKey", "--urls=http://0.0.0.0:0")]
    [InlineData("RnnService:AdminKey", "--urls=http://*:0")]
    [InlineData("RnnService:AdminKey", "--urls=http://127.0.0.1:0;http://[::]:0")]
    [InlineData("RnnService:AdminKey", "--http_ports=0")]
    [InlineData("RnnService:AdminKey", "--Kestrel:Endpoints:Open:Url=http://0.0.0.0:0")]
    [InlineData("RnnService:AdminKey", "--urls=http://*:0", "--RnnService:AdminKey=")]
    [InlineData("'nonsense' is not an address", "--urls=nonsense")]
    [InlineData("RnnService:DataDirectory", "--RnnService:DataDirectry=x")]
    [InlineData("RnnService:Limits:DatasetBytes", "--RnnService:Limits:DatasetByte=5")]
    [InlineData("RnnService:TrainingCores is 'many'", "--RnnService:TrainingCores=many")]
    [InlineData("RnnService:TrainingCores is -1", "--RnnService:TrainingCores=-1")]
    [InlineData("sqlite or postgresql", "--RnnService:Database=mysql")]
    [InlineData("RnnService:Precision is 'fp16'; it must be fp32 or bf16", "--RnnService:Precision=fp16")]
    [InlineData("RnnService:Precision is '7'", "--RnnService:Precision=7")]
    [InlineData("ConnectionStrings:RnnService", "--RnnService:Database=postgresql")]
    [InlineData("ConnectionStrings:RnnService cannot be read", "--RnnService:Database=postgresql", "--ConnectionStrings:RnnService=Hots=x")]
    [InlineData("ConnectionStrings:RnnService: the PostgreSQL database cannot be used", "--RnnService:Database=postgresql", "--ConnectionStrings:RnnService=Host=127.0.0.1;Port=1;Username=rnn")]
    [InlineData("RnnService:Role is worker, but with SQLite", "--RnnService:Role=worker")]
    [InlineData("RnnService:Role is api, but with SQLite", "--RnnService:Role=api")]
    [InlineData("all or api or worker", "--RnnService:Role=trainer")]
    [InlineData("RnnService:Limits:RequestBytes is 0", "--RnnService:Limits:RequestBytes=0")]
    [InlineData("RnnService:DataDirectory", "--RnnService:DataDirectory=/dev/null/data")]
    public async Task A_wrong_setting_stops_the_start_with_one_sentence(string says, params string[] settings)
    {
        var directory = Directory.CreateTempSubdirectory("rnnservice-test-").FullName;
        try
        {
            using var started = Start([settings.Contains("--http_ports=0") ? "" : "--urls=http://127.0.0.1:0", $"--RnnService:DataDirectory={directory}", .. settings]);
            var process = started.Process;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(Cancellation), process.StandardError.ReadToEndAsync(Cancellation));
            await process.WaitForExitAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
            Assert.Equal(1, process.ExitCode);
            Assert.Contains(says, await error);
            Assert.Single((await error).Trim().Split('\n'));
            Assert.Empty(await output);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_taken_port_stops_the_start_with_one_sentence()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        using var started = Start([$"--urls={address}"]);
        var process = started.Process;
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        Assert.Equal(1, process.ExitCode);
        Assert.Contains(address, Assert.Single((await error).Trim().Split('\n')));
    }

    [Theory]
    [InlineData("'sevre' is not a command; the commands are demo, migrate, healthcheck, backup <file> and restore <file>", "sevre")]
    [InlineData("'Demo' is not a command", "Demo", "--urls=http://127.0.0.1:0")]
    [InlineData("backup wants a file", "backup")]
    [InlineData("There is no backup /dev/null/none", "restore", "/dev/null/none")]
    [InlineData("pg_dump", "backup", "saved.db", "--RnnService:Database=postgresql", "--ConnectionStrings:RnnService=Host=none")]
    [InlineData("http://127.0.0.1:1/health/ready cannot be reached", "healthcheck", "--urls=http://0.0.0.0:1")]
    [InlineData("healthcheck cannot ask http://127.0.0.1:0", "healthcheck", "--urls=http://127.0.0.1:0")]
    public async Task A_command_that_cannot_be_done_ends_with_one_sentence(string says, params string[] arguments)
    {
        using var started = Start(arguments);
        var (code, output, error) = await EndAsync(started.Process);
        Assert.Equal(1, code);
        Assert.Contains(says, Assert.Single(error.Trim().Split('\n')));
        Assert.Empty(output);
    }

    [Fact]
    public async Task The_health_check_says_whether_the_service_is_ready_beside_it()
    {
        await using var service = await RunningService.StartAsync();
        var port = service.Client.BaseAddress!.Port;
        // As in the container: all addresses, named by the environment, and the data directory of the running service.
        using var asked = Start(["healthcheck"], ("ASPNETCORE_URLS", $"http://0.0.0.0:{port}"), ("RnnService__DataDirectory", service.DataDirectory));
        Assert.Equal((0, $"http://127.0.0.1:{port}/health/ready answers 200: the service is ready.", ""), await EndAsync(asked.Process));

        await using (var context = service.Context())
            await Microsoft.EntityFrameworkCore.RelationalDatabaseFacadeExtensions.ExecuteSqlRawAsync(context.Database, "ALTER TABLE datasets RENAME TO datasets_away", Cancellation);
        using var again = Start(["healthcheck", $"--urls=http://*:{port}"]);
        Assert.Equal((1, "", $"http://127.0.0.1:{port}/health/ready answers 503: the service is not ready."), await EndAsync(again.Process));
    }

    [Fact]
    public async Task A_killed_process_frees_its_directory_and_the_next_one_serves()
    {
        var directory = Directory.CreateTempSubdirectory("rnnservice-test-").FullName;
        try
        {
            for (var life = 0; life < 2; life++)
            {
                using var started = Start(["--urls=http://127.0.0.1:0", $"--RnnService:DataDirectory={directory}"]);
                var process = started.Process;
                var line = "";
                while (!line.Contains("listens on"))
                    line = await process.StandardOutput.ReadLineAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancellation) ?? throw new InvalidOperationException("It ended.");
                Assert.Contains(directory, line);
                using var client = new HttpClient { BaseAddress = new Uri(line.Split("listens on ")[1].Split(';')[0]) };
                Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready", Cancellation)).StatusCode);
                process.Kill();
                await process.WaitForExitAsync(Cancellation);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<(int Code, string Output, string Error)> EndAsync(Process process)
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Cancellation), process.StandardError.ReadToEndAsync(Cancellation));
        await process.WaitForExitAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        return (process.ExitCode, (await output).Trim(), (await error).Trim());
    }

    private static Started Start(string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "RnnService.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Away from the checkout, so that nothing is written into it.
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new(Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start."));
    }

    /// <summary>A process that does not outlive its test.</summary>
    private sealed record Started(Process Process) : IDisposable
    {
        public void Dispose()
        {
            if (!Process.HasExited)
                Process.Kill(entireProcessTree: true);
            Process.Dispose();
        }
    }
}
