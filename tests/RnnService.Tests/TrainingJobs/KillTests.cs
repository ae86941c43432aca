using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using RnnService.Tests.Datasets;

namespace RnnService.Tests.TrainingJobs;

/// <summary>The real process, killed with SIGKILL in the middle of training.</summary>
public sealed class KillTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rnnservice-kill-").FullName;
    private readonly HttpClient _client = new() { BaseAddress = new Uri($"http://127.0.0.1:{FreePort()}"), Timeout = TimeSpan.FromSeconds(30) };
    private Process? _process;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // Short, as it is run with every change: tests/kill-resume.sh does the same with 20 kills at random moments of a job of minutes, tests/kills.sh with all tasks.
    [Theory]
    [InlineData("story", """ "dropout":0.1 """, """ "epochs":100,"batch_size":4,"bptt_steps":16,"unknown_rate":0.05 """)]
    [InlineData("translations", """ "dropout":0.1 """, """ "epochs":60,"batch_size":4,"scheduled_sampling":0.3,"unknown_rate":0.05 """)]
    public async Task A_killed_job_goes_on_by_itself_and_ends_in_the_same_weights(string dataset, string network, string training)
    {
        const int kills = 2;
        var body = $$"""{"dataset":"{{dataset}}","model":"killed","network":{"hidden_size":48,"embedding_size":48,{{network}}},"training":{"early_stopping_patience":0,"seed":3,{{training}}} }""";
        await StartAsync();
        await _client.UploadSentencesAsync();
        foreach (var (name, file, task, content) in TinyTasks.Datasets.Where(one => one.Name == dataset)) await _client.UploadAsync(name, content, file, task);
        var untouched = await _client.EndAsync(await _client.StartJobAsync(body));
        var id = await _client.StartJobAsync(body);
        var reached = 0L;
        for (var kill = 0; kill < kills; kill++)
        {
            // Past a checkpoint that is newer than the one of the last time.
            var seen = await _client.WaitAsync(id, job => job.Step() > reached + 20 && job.GetProperty("attempt").GetInt32() == 0);
            Assert.Equal("running", seen.Text("status"));
            reached = seen.Step();
            _process!.Kill();
            await _process.WaitForExitAsync(Cancellation);
            await StartAsync();
            var resumed = await _client.JobAsync(id);
            Assert.Matches("^(running|succeeded)$", resumed.Text("status"));
        }

        var killed = await _client.EndAsync(id);

        Assert.Equal(await WeightsAsync(untouched), await WeightsAsync(killed));
        Assert.Equal(untouched.GetProperty("metrics").ToString(), killed.GetProperty("metrics").ToString());
        Assert.Equal(await CurveAsync(untouched), await CurveAsync(killed));
        var events = await _client.EventsAsync(id);
        Assert.Equal(events.Select(happened => happened.Number).Order().Distinct(), events.Select(happened => happened.Number));
        Assert.Equal(kills + 1, events.Count(happened => happened.Kind == "status" && happened.Data.Text("status") == "running"));
        Assert.Equal([events[^1]], events.Where(happened => happened.Kind == "done"));

        var version = killed.GetProperty("result").GetProperty("version");
        var replay = await (await _client.PostAsync($"/api/v1/models/killed/versions/{version}/verify", null, Cancellation)).JsonAsync();
        Assert.True((await _client.EndAsync(replay.Text("id"))).GetProperty("result").GetProperty("verification").GetProperty("verified").GetBoolean());
    }

    [Fact]
    public async Task A_sweep_killed_in_the_middle_publishes_the_same_best_model_once()
    {
        const string body = """{"dataset":"sentences","model":"killed","network":{"hidden_size":32,"embedding_size":32},"training":{"epochs":16,"early_stopping_patience":0,"seed":3},"grid":{"training.learning_rate":[0.002,0.00001]}}""";
        await StartAsync();
        await _client.UploadSentencesAsync();
        var untouched = await _client.EndSweepAsync(await _client.StartSweepAsync(body));
        var id = await _client.StartSweepAsync(body);
        for (var ended = 0; ended < 2; ended++)
        {
            // In the middle of each of its jobs.
            var seen = await _client.WaitForSweepAsync(id, sweep => sweep.GetProperty("progress").GetProperty("fraction").GetDouble() * 2 > ended + 0.2);
            Assert.Equal("running", seen.Text("status"));
            _process!.Kill();
            await _process.WaitForExitAsync(Cancellation);
            await StartAsync();
        }

        var killed = await _client.EndSweepAsync(id);

        Assert.Equal(Table(untouched), Table(killed));
        Assert.Equal(await WeightsAsync(untouched), await WeightsAsync(killed));
        var model = await _client.GetFromJsonAsync<JsonElement>("/api/v1/models/killed", Cancellation);
        Assert.Equal([2, 1], model.GetProperty("versions").EnumerateArray().Select(version => version.GetProperty("version").GetInt32()));
    }

    private static IEnumerable<string> Table(JsonElement sweep) => sweep.GetProperty("results").EnumerateArray().Select(result => $"{result.GetProperty("values")} {result.GetProperty("metrics")}");

    [Fact]
    public async Task A_stopped_process_hands_its_job_to_the_next_one()
    {
        await StartAsync();
        await _client.UploadSentencesAsync();
        var id = await _client.StartJobAsync($$"""{"dataset":"sentences","model":"handed",{{Training.Endless}}}""");
        await _client.WaitAsync(id, job => job.Step() > 50);
        using (var stop = Process.Start("kill", ["-TERM", _process!.Id.ToString()])) await stop.WaitForExitAsync(Cancellation);
        await _process.WaitForExitAsync(Cancellation);
        Assert.Equal(0, _process.ExitCode);

        await StartAsync();

        // The first checkpoint of the new process sets the attempt back to 0: it lies beyond what the old one had done.
        var resumed = await _client.WaitAsync(id, job => job.GetProperty("attempt").GetInt32() == 0);
        Assert.InRange(resumed.Step(), 51, long.MaxValue);
    }

    private async Task<string> WeightsAsync(JsonElement job)
    {
        var version = await _client.GetFromJsonAsync<JsonElement>($"/api/v1/models/killed/versions/{job.GetProperty("result").GetProperty("version")}", Cancellation);
        return version.GetProperty("receipt").Text("weights_sha256");
    }

    // Every measurement but those of the clock: once each, none lost, none twice.
    private async Task<IReadOnlyList<string>> CurveAsync(JsonElement job)
    {
        var metrics = await _client.GetFromJsonAsync<JsonElement>($"/api/v1/training-jobs/{job.Text("id")}/metrics", Cancellation);
        return [.. metrics.GetProperty("data").EnumerateArray().Where(point => point.Text("name") != "tokens_per_second").Select(point => point.ToString())];
    }

    private async Task StartAsync()
    {
        _process = Process.Start(new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "RnnService.dll"), $"--urls={_client.BaseAddress}", $"--RnnService:DataDirectory={_directory}", "--Logging:LogLevel:Default=Warning",
        ])
        { UseShellExecute = false });
        for (var tries = 0; ; tries++)
        {
            try
            {
                using var ready = await _client.GetAsync("/health/ready", Cancellation);
                if (ready.StatusCode == HttpStatusCode.OK) return;
            }
            catch (HttpRequestException)
            {
                Assert.True(tries < 1200, "the service did not start within a minute");
            }

            await Task.Delay(50, Cancellation);
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
        _client.Dispose();
        if (_process is not null)
        {
            if (!_process.HasExited) _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }
}
