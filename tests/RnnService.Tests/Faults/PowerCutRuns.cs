using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Data.Sqlite;
using RnnService.Tests.Datasets;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Faults;

/// <summary>
/// Simulated power cuts: the data lies on ext4 in an image behind a loop device; the service is frozen in the middle of its work, the image is copied
/// and the copy mounted. It holds what the inner file system had handed to its disk, not what was in its memory. Wants root. Runs only when asked for:
/// <c>tests/powercut.sh</c>.
/// </summary>
public sealed class PowerCutRuns : IDisposable
{
    private readonly ITestOutputHelper _output;
    private readonly string _directory = Directory.CreateTempSubdirectory("rnnservice-power-").FullName;
    private readonly Dictionary<string, string> _acknowledged = [];
    private readonly HashSet<string> _deleted = [];
    private Victim? _victim;
    private int _survivingJobs;

    public PowerCutRuns(ITestOutputHelper output)
    {
        _output = output;
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount images");
        Directory.CreateDirectory(Disk);
        Run("truncate", "-s", "128M", Image);
        // Its own journal on a schedule so long that only what is synced gets to the disk.
        Run("mkfs.ext4", "-q", "-F", Image);
        Run("mount", "-o", "loop,commit=300", Image, Disk);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Image => Path.Combine(_directory, "image");

    private string Disk => Path.Combine(_directory, "disk");

    private HttpClient Client => _victim!.Client;

    [Fact(Explicit = true)]
    public async Task Nothing_acknowledged_is_lost()
    {
        // The rig can tell: without syncs at commits they are lost.
        Assert.InRange(SurvivingCommits("NORMAL"), 0, 199);
        Assert.Equal(200, SurvivingCommits("FULL"));
        var cuts = int.TryParse(Environment.GetEnvironmentVariable("CUTS"), CultureInfo.InvariantCulture, out var wanted) ? wanted : 50;
        _victim = new Victim(Path.Combine(Disk, "data"));
        await _victim.StartAsync();
        await Client.UploadTwinsAsync();
        var jobs = new List<string>();
        for (var cut = 0; cut < cuts; cut++)
        {
            if (cut % Twins.Jobs.Length == 0)
                foreach (var (dataset, _) in Twins.Jobs) jobs.Add(await Client.StartTwinAsync(dataset, 12, $"cut{cut}"));
            var working = WorkAsync(cut);
            await Task.Delay(100 + Random.Shared.Next(500), Cancellation);
            await CutAsync(jobs, startsAgain: cut % 10 == 9);
            await working;
        }

        foreach (var job in jobs) await Client.EndAsync(job);
        await Twins.AssertIdleAsync(_victim.DatabaseFile);
        _output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{cuts} power cuts: {_acknowledged.Count} acknowledged uploads, {_deleted.Count} deletions and {_survivingJobs} ends of jobs seen, none lost; {cuts / 10} of the copies served again"));
    }

    /// <summary>Uploads small datasets and deletes every third of them again.</summary>
    private async Task WorkAsync(int cut)
    {
        for (var i = 0; i < 8; i++)
        {
            var (name, content) = ($"cut{cut}-{i}", string.Concat(Enumerable.Range(0, 20 + Random.Shared.Next(2_000)).Select(line => $"line {line} of {cut}\n")));
            using (var answer = await Client.UploadAsync(name, content, "text.txt", "language_modeling")) Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            lock (_acknowledged) _acknowledged[name] = content;
            if (i % 3 != 2) continue;
            lock (_acknowledged) _acknowledged.Remove(name);
            using (var answer = await Client.DeleteAsync($"/api/v1/datasets/{name}", Cancellation)) Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
            lock (_acknowledged) _deleted.Add(name);
        }
    }

    /// <summary>What was acknowledged before the cut must be in the copy.</summary>
    private async Task CutAsync(IReadOnlyList<string> jobs, bool startsAgain)
    {
        var seen = new List<string>();
        foreach (var job in jobs)
            if ((await Client.JobAsync(job)).Text("status") == "succeeded") seen.Add(job);
        Dictionary<string, string> acknowledged;
        HashSet<string> deleted;
        lock (_acknowledged) (acknowledged, deleted) = (new(_acknowledged), [.. _deleted]);
        await _victim!.SignalAsync("STOP");
        Run("cp", "--sparse=always", Image, $"{Image}.cut");
        await _victim.SignalAsync("CONT");
        using var copy = new Mounted($"{Image}.cut", Path.Combine(_directory, "cut"));
        // Opening it replays the log, as the service would.
        using (var stored = new StoredData(Path.Combine(copy.Path, "data", "rnnservice.db")))
        {
            stored.AssertWhole(isIdle: false);
            var datasets = stored.Column("SELECT \"Name\" FROM \"Datasets\"").ToHashSet();
            Assert.Empty(acknowledged.Keys.Except(datasets));
            Assert.Empty(deleted.Intersect(datasets));
            Assert.Empty(seen.Except(stored.Column("SELECT j.\"Id\" FROM \"TrainingJobs\" j JOIN \"ModelVersions\" v ON v.\"JobId\" = j.\"Id\" WHERE j.\"Status\" = 'succeeded'")));
        }

        _survivingJobs = seen.Count;
        if (startsAgain) await ServesAgainAsync(copy.Path, acknowledged, jobs);
    }

    private static async Task ServesAgainAsync(string disk, Dictionary<string, string> acknowledged, IReadOnlyList<string> jobs)
    {
        using var next = new Victim(Path.Combine(disk, "data"));
        await next.StartAsync();
        foreach (var (name, content) in acknowledged.Take(20)) Assert.Equal(content, await next.Client.GetStringAsync($"/api/v1/datasets/{name}/content", Cancellation));
        foreach (var job in jobs) await next.Client.EndAsync(job);
        await next.SignalAsync("TERM");
        await next.EndedAsync();
    }

    private int SurvivingCommits(string synchronous)
    {
        var file = Path.Combine(Disk, $"{synchronous}.db");
        using var stored = new StoredData(file);
        stored.Execute($"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; CREATE TABLE t(i)");
        Run("sync", "-f", file);
        for (var i = 0; i < 200; i++) stored.Execute($"INSERT INTO t VALUES({i})");
        Run("cp", "--sparse=always", Image, $"{Image}.cut");
        using var copy = new Mounted($"{Image}.cut", Path.Combine(_directory, "cut"));
        using var left = new StoredData(Path.Combine(copy.Path, Path.GetFileName(file)));
        return int.Parse(left.Text("SELECT count(*) FROM t")!, CultureInfo.InvariantCulture);
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    public void Dispose()
    {
        _victim?.Dispose();
        SqliteConnection.ClearAllPools();
        Run("umount", Disk);
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A mounted image.</summary>
    private sealed class Mounted : IDisposable
    {
        public Mounted(string image, string path)
        {
            Path = Directory.CreateDirectory(path).FullName;
            Run("mount", "-o", "loop", image, path);
        }

        public string Path { get; }

        public void Dispose() => Run("umount", Path);
    }
}
