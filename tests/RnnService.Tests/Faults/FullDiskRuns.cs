using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using RnnService.Tests.Datasets;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Faults;

/// <summary>
/// A real full disk, a small file system in memory, and a database that another program keeps locked: what needs it is refused with the reason,
/// predictions go on, and a job waits and goes on by itself. Wants root, to mount. Runs only when asked for: <c>tests/fulldisk.sh</c>.
/// </summary>
public sealed class FullDiskRuns(ITestOutputHelper output) : IDisposable
{
    private static readonly string[] Inputs = ["one two up"];

    // What a job stores in so many does not fit into the database's log, which has room of its own.
    private const int Epochs = 300;

    private readonly string _directory = Directory.CreateTempSubdirectory("rnnservice-disk-").FullName;
    private Victim? _victim;
    private bool _isMounted;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // How long the fault lasts.
    private static TimeSpan Lasts => TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("FAULT_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 60);

    private HttpClient Client => _victim!.Client;

    [Fact(Explicit = true)]
    public async Task A_full_disk()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a small disk");
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", _directory);
        _isMounted = true;
        var filler = Path.Combine(_directory, "filler");
        await BesideAJobAsync("full disk", 507, "storage_full", () => Task.FromResult<IDisposable>(new Filling(filler)));
    }

    [Fact(Explicit = true)]
    public Task A_locked_database() => BesideAJobAsync("locked database", 503, "database_away", async () =>
    {
        var stored = new StoredData(_victim!.DatabaseFile);
        await Task.Yield();
        stored.Execute("BEGIN IMMEDIATE");
        return stored;
    });

    private async Task BesideAJobAsync(string what, int status, string kind, Func<Task<IDisposable>> begin)
    {
        _victim = new Victim(Directory.CreateDirectory(Path.Combine(_directory, "data")).FullName);
        await _victim.StartAsync();
        await Client.UploadTwinsAsync();
        await Client.EndAsync(await Client.StartTwinAsync("texts", Epochs, "plain"));
        var answer = await PredictAsync();
        var id = await Client.StartTwinAsync("texts", Epochs, "disturbed");
        await Client.WaitAsync(id, job => job.Step() > 100 && job.GetProperty("attempt").GetInt32() == 0);

        var clock = Stopwatch.StartNew();
        var (refused, slowest, predictions) = (0, TimeSpan.Zero, 0);
        using (await begin())
        {
            while (clock.Elapsed < Lasts)
            {
                var asked = Stopwatch.StartNew();
                var upload = Client.SendFormAsync(new StringContent(Content), "data.csv", "a-key", ("name", "refused"), ("task", "language_modeling"), ("format", "text"));
                while (!upload.IsCompleted || predictions == 0)
                {
                    Assert.Equal(answer, await PredictAsync());
                    predictions++;
                    await Task.Delay(20, Cancellation);
                }

                using var refusal = await upload;
                await refusal.ProblemAsync(status, kind);
                if (asked.Elapsed > slowest) slowest = asked.Elapsed;
                refused++;
                await Task.Delay(200, Cancellation);
            }
        }

        var stuck = await Client.JobAsync(id);
        Assert.Equal("running", stuck.Text("status"));
        clock.Restart();
        await Client.WaitAsync(id, job => job.Step() > stuck.Step() + 5 || job.Text("status") != "running");
        var resumed = clock.Elapsed;
        await Client.EndAsync(id);
        Assert.Equal(await Client.WeightsAsync("plain-texts"), await Client.WeightsAsync("disturbed-texts"));
        using var again = await Client.SendFormAsync(new StringContent(Content), "data.csv", "a-key", ("name", "refused"), ("task", "language_modeling"), ("format", "text"));
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
        Assert.Equal(Content, await Client.GetStringAsync("/api/v1/datasets/refused/content", Cancellation));
        await Twins.AssertIdleAsync(_victim.DatabaseFile);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what} for {Lasts.TotalSeconds} s: {refused} uploads refused with {status} (the slowest after {slowest.TotalSeconds:F1} s), {predictions} predictions all right, training took steps again {resumed.TotalSeconds:F1} s after the end, same weights"));
    }

    // More than one chunk, so that there is something that could stay behind, and more than the room that the database and its log have of their own.
    private static readonly string Content = string.Concat(Enumerable.Range(0, 400_000).Select(line => $"line {line} of a text that wants room\n"));

    private async Task<string> PredictAsync()
    {
        using var answer = await Client.PostAsJsonAsync("/api/v1/models/plain-texts/classify", new { inputs = Inputs }, Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Cancellation);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(CancellationToken.None);
        Assert.Equal(0, process.ExitCode);
    }

    public void Dispose()
    {
        _victim?.Dispose();
        if (_isMounted) RunAsync("umount", _directory).GetAwaiter().GetResult();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A file that takes all room there is, and what becomes free meanwhile.</summary>
    private sealed class Filling : IDisposable
    {
        private readonly FileStream _file;
        private readonly Timer _timer;

        public Filling(string path)
        {
            _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            Fill();
            _timer = new Timer(_ => Fill(), null, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100));
        }

        private void Fill()
        {
            lock (_file)
            {
                for (var size = 1 << 20; size >= 1; size /= 2)
                {
                    try
                    {
                        while (true) _file.Write(new byte[size]);
                    }
                    catch (IOException)
                    {
                        // No room for so much; less may fit.
                    }
                }
            }
        }

        public void Dispose()
        {
            _timer.Dispose();
            lock (_file) _file.Dispose();
            File.Delete(_file.Name);
        }
    }
}
