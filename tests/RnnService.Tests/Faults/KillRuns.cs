using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using RnnService.Storage;
using RnnService.Tests.Datasets;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Faults;

/// <summary>
/// SIGKILL at random moments: of the first start on an empty directory, of starts on an older schema, of training, publishing, uploads and backups.
/// Every job ends in the weights of its undisturbed twin, nothing is left over, no start hangs. Runs only when asked for: <c>tests/kills.sh</c>.
/// </summary>
public sealed class KillRuns(ITestOutputHelper output) : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rnnservice-kills-").FullName;
    private readonly Random _random = new(Setting("KILL_SEED", Environment.ProcessId));
    private readonly SortedDictionary<string, int> _kills = [];
    private readonly Dictionary<string, string> _uploads = [];
    private Victim? _victim;
    private int _backups;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Victim Killed => _victim ??= new Victim(Path.Combine(_directory, "data"));

    private HttpClient Client => Killed.Client;

    [Fact(Explicit = true)]
    public async Task Every_job_ends_in_the_weights_of_its_undisturbed_twin()
    {
        var (kills, done) = (Setting("KILLS", 100), 0);
        // Fewer kills are through sooner: shorter jobs.
        var runs = Twins.Jobs.Select(job => (job.Dataset, Epochs: Math.Max(job.Epochs * Math.Min(kills, 40) / 40, 10))).ToArray();
        for (; done < kills / 10; done++) await KillStartAsync("the first start");
        await Killed.StartAsync();
        await Client.UploadTwinsAsync();
        foreach (var (dataset, epochs) in runs) await SucceedAsync(await Client.StartTwinAsync(dataset, epochs, "plain"));
        var jobs = new List<string>();
        foreach (var (dataset, epochs) in runs) jobs.Add(await Client.StartTwinAsync(dataset, epochs, "killed"));
        for (; done < kills; done++)
        {
            // The jobs shall last for all kills: one more round of them when they are through.
            if (!await AnyUnfinishedAsync(jobs))
                foreach (var (dataset, epochs) in runs) jobs.Add(await Client.StartTwinAsync(dataset, epochs, "killed"));
            await ((done % 10) switch
            {
                0 or 5 => KillUploadAsync(),
                1 or 6 => KillBackupAsync(done % 2 == 0),
                2 or 7 => KillPublishingAsync(),
                3 => KillOlderSchemaAsync(),
                _ => KillTrainingAsync(),
            });
        }

        foreach (var job in jobs) await SucceedAsync(job);
        foreach (var (dataset, _) in Twins.Jobs)
        {
            var plain = Assert.Single(await Client.WeightsAsync($"plain-{dataset}"));
            var killed = await Client.WeightsAsync($"killed-{dataset}");
            Assert.Equal(jobs.Count / Twins.Jobs.Length, killed.Length);
            Assert.All(killed, weights => Assert.Equal(plain, weights));
        }

        await Twins.AssertIdleAsync(Killed.DatabaseFile);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{kills} kills ({string.Join(", ", _kills.Select(kind => $"{kind.Value} during {kind.Key}"))}), {jobs.Count} jobs of all six tasks, all with their twins' weights; {_uploads.Count} acknowledged uploads and {_backups} finished backups whole; nothing left over; slowest start {Killed.SlowestStart.TotalSeconds:F1} s"));
    }

    private async Task KillTrainingAsync()
    {
        // Every now and then right after the start, before the job is at it again.
        await Task.Delay(_random.Next(4) == 0 ? _random.Next(300) : 300 + _random.Next(1500), Cancellation);
        await KillAsync("training");
        await RestartAsync();
    }

    /// <summary>Of a service that starts: nothing stops it from being killed again before it has come up.</summary>
    private async Task KillStartAsync(string what)
    {
        Killed.Launch();
        await Task.Delay(_random.Next(1500), Cancellation);
        await KillAsync(what);
    }

    private async Task KillOlderSchemaAsync()
    {
        await Killed.SignalAsync("TERM");
        await Killed.EndedAsync();
        using (var stored = new StoredData(Killed.DatabaseFile))
            Assert.Equal(1, stored.Execute("DELETE FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" LIKE '%SharedDatabase'"));
        await KillStartAsync("a start on an older schema");
        await RestartAsync();
        using (var stored = new StoredData(Killed.DatabaseFile)) Assert.Equal("2", stored.Text("SELECT count(*) FROM \"__EFMigrationsHistory\""));
    }

    private async Task KillUploadAsync()
    {
        var name = $"upload-{_kills.Values.Sum()}";
        var content = string.Concat(Enumerable.Range(0, 60_000 + _random.Next(60_000)).Select(line => $"line {line} of a text that takes some chunks\n"));
        var upload = Client.UploadAsync(name, content, "text.txt", "language_modeling");
        await Task.WhenAny(upload, Task.Delay(_random.Next(1000), Cancellation));
        await KillAsync("an upload");
        try
        {
            if ((await upload).StatusCode == HttpStatusCode.Created) _uploads[name] = content;
        }
        catch (Exception error) when (Victim.IsGone(error))
        {
            // Not acknowledged: it may be there, but then whole.
        }

        await RestartAsync();
        using var stored = await Client.GetAsync($"/api/v1/datasets/{name}/content", Cancellation);
        if (stored.StatusCode == HttpStatusCode.OK || _uploads.ContainsKey(name)) Assert.Equal(content, await stored.Content.ReadAsStringAsync(Cancellation));
    }

    /// <summary>While weights are written that no version points at yet, or shortly after.</summary>
    private async Task KillPublishingAsync()
    {
        using (var stored = new StoredData(Killed.DatabaseFile))
        {
            const string unpublished = "SELECT count(*) FROM \"Blobs\" WHERE \"Kind\" = 'weights' AND \"Id\" NOT IN (SELECT \"BlobId\" FROM \"ModelVersions\")";
            for (var tries = 0; tries < 20_000 && stored.Text(unpublished) == "0" && stored.Text("SELECT count(*) FROM \"TrainingJobs\" WHERE \"FinishedAt\" IS NULL") != "0"; tries++) Thread.Sleep(1);
        }

        await Task.Delay(_random.Next(20), Cancellation);
        await KillAsync("publishing");
        await RestartAsync();
    }

    /// <summary>A backup while jobs train, and one of the two processes killed in the middle. A file under the name that was asked for is a whole backup.</summary>
    private async Task KillBackupAsync(bool service)
    {
        var file = Path.Combine(_directory, $"backup-{_kills.Values.Sum()}.db");
        using var backup = Killed.Run("backup", file);
        await Task.Delay(200 + _random.Next(1200), Cancellation);
        if (service) await KillAsync("a backup (the service)");
        else
        {
            if (!backup.HasExited) backup.Kill();
            _kills["a backup (its process)"] = _kills.GetValueOrDefault("a backup (its process)") + 1;
        }

        await backup.WaitForExitAsync(Cancellation);
        if (service) await RestartAsync();
        if (service || File.Exists(file))
        {
            SqliteBackup.Check(file);
            _backups++;
        }
    }

    private async Task KillAsync(string what)
    {
        await Killed.KillAsync();
        _kills[what] = _kills.GetValueOrDefault(what) + 1;
    }

    private async Task RestartAsync()
    {
        await Killed.StartAsync();
        using var stored = new StoredData(Killed.DatabaseFile);
        stored.AssertWhole(isIdle: false);
    }

    private async Task<bool> AnyUnfinishedAsync(IEnumerable<string> jobs)
    {
        foreach (var job in jobs.Reverse())
            if ((await Client.JobAsync(job)).Text("status") is "queued" or "running") return true;
        return false;
    }

    // With patience for a machine that does other work as well.
    private async Task SucceedAsync(string job)
    {
        var ended = await Client.WaitAsync(job, seen => seen.GetProperty("finished_at").ValueKind != JsonValueKind.Null, seconds: 300);
        Assert.True(ended.Text("status") == "succeeded", ended.ToString());
    }

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    public void Dispose()
    {
        _victim?.Dispose();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }
}
