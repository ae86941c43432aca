using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using RnnService.Storage;
using RnnService.Tests.Datasets;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Storage;

/// <summary>The commands <c>backup</c> and <c>restore</c>, beside a service that trains.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rnnservice-backup-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string BackupFile => Path.Combine(_directory, "saved.db");

    private string Restored => Path.Combine(_directory, "restored");

    [Fact]
    public async Task A_backup_taken_under_load_answers_the_same_and_goes_on()
    {
        string answer, endless, queued;
        List<string> uploaded = [];
        await using (var service = await RunningService.StartAsync())
        {
            await service.Client.UploadSentencesAsync();
            await service.Client.EndAsync(await service.Client.StartJobAsync($$"""{"dataset":"sentences","model":"saved",{{Training.Small}}}"""));
            answer = await ClassifyAsync(service.Client);
            endless = await service.Client.StartJobAsync($$"""{"dataset":"sentences","model":"endless",{{Training.Endless}}}""");
            queued = await service.Client.StartJobAsync($$"""{"dataset":"sentences","model":"queued",{{Training.Small}}}""");
            await service.Client.WaitAsync(endless, job => job.Step() > 200 && job.GetProperty("attempt").GetInt32() == 0);
            using var enough = new CancellationTokenSource();
            var load = LoadAsync(service.Client, answer, uploaded, enough.Token);
            while (Count(uploaded) < 5) await Task.Delay(10, Cancellation);
            var uploadedBefore = Count(uploaded);

            Assert.Equal(0, await BackupAsync(service.DataDirectory));

            await enough.CancelAsync();
            await load;
            Assert.True(uploaded.Count > uploadedBefore, "nothing was uploaded meanwhile");
            uploaded.RemoveRange(uploadedBefore, uploaded.Count - uploadedBefore);
            var before = (await service.Client.JobAsync(endless)).Step();
            await service.Client.WaitAsync(endless, job => job.Step() > before + 50);
            // A service owns the directory: it is left alone.
            var refusal = await Assert.ThrowsAsync<StartupException>(() => RestoreAsync(service.DataDirectory));
            Assert.Contains("in use by another RnnService process", refusal.Message);
            Assert.Equal(answer, await ClassifyAsync(service.Client));
        }

        Assert.Equal(0, await RestoreAsync(Restored));
        Assert.Equal(["rnnservice.db", "rnnservice.lock"], Directory.GetFiles(Restored).Select(Path.GetFileName).Order());
        await using var other = await RunningService.StartInAsync(Restored);
        Assert.Equal(answer, await ClassifyAsync(other.Client));
        foreach (var name in uploaded) Assert.Equal(Uploads.Good, await other.Client.GetStringAsync($"/api/v1/datasets/{name}/content", Cancellation));
        var resumed = await other.Client.WaitAsync(endless, job => job.Step() > 400 && job.Text("status") == "running");
        Assert.Equal("running", resumed.Text("status"));
        await other.Client.CancelAsync(endless);
        await other.Client.EndAsync(queued);
    }

    [Fact]
    public async Task A_restored_directory_is_the_backup_and_nothing_else()
    {
        await using (var service = await RunningService.StartInAsync(Restored)) await service.Client.UploadSentencesAsync();
        Assert.Equal(0, await BackupAsync(Restored));
        await using (var service = await RunningService.StartInAsync(Restored)) await service.Client.DeleteAsync("/api/v1/datasets/sentences", Cancellation);

        Assert.Equal(0, await RestoreAsync(Restored));

        await using var again = await RunningService.StartInAsync(Restored);
        var datasets = await again.Client.GetFromJsonAsync<JsonElement>("/api/v1/datasets", Cancellation);
        Assert.Equal(["sentences", "sentences-test"], datasets.GetProperty("data").EnumerateArray().Select(dataset => dataset.Text("name")).Order());
    }

    [Theory]
    [InlineData("UPDATE \"BlobChunks\" SET \"Data\" = zeroblob(length(\"Data\"))", "does not have the hash it was stored with")]
    [InlineData("UPDATE \"__EFMigrationsHistory\" SET \"MigrationId\" = '29990101000000_Later' WHERE \"MigrationId\" LIKE '%Initial'", "29990101000000_Later")]
    [InlineData("DROP TABLE \"__EFMigrationsHistory\"", "is not a database of RnnService")]
    [InlineData("PRAGMA foreign_keys=OFF; DELETE FROM \"Blobs\"", "points at nothing")]
    [InlineData(null, "cannot be restored")]
    public async Task What_is_no_good_backup_changes_nothing(string? damage, string says)
    {
        await using (var service = await RunningService.StartInAsync(Restored)) await service.Client.UploadSentencesAsync();
        await BackupAsync(Restored);
        if (damage is null) await File.WriteAllTextAsync(BackupFile, new string('x', 10_000), Cancellation);
        else Execute(damage);
        var database = await File.ReadAllBytesAsync(Path.Combine(Restored, "rnnservice.db"), Cancellation);

        Assert.Contains(says, (await Assert.ThrowsAsync<StartupException>(() => RestoreAsync(Restored))).Message);

        Assert.Equal(database, await File.ReadAllBytesAsync(Path.Combine(Restored, "rnnservice.db"), Cancellation));
        Assert.False(File.Exists(Path.Combine(Restored, "rnnservice.db.restoring")));
    }

    [Fact]
    public async Task A_backup_overwrites_nothing_and_wants_a_database()
    {
        Assert.Contains("There is no database", (await Assert.ThrowsAsync<StartupException>(() => BackupAsync(Restored))).Message);
        await using (var service = await RunningService.StartInAsync(Restored)) await File.WriteAllTextAsync(BackupFile, "mine", Cancellation);
        Assert.Contains("exists", (await Assert.ThrowsAsync<StartupException>(() => BackupAsync(Restored))).Message);
        Assert.Equal("mine", await File.ReadAllTextAsync(BackupFile, Cancellation));
    }

    /// <summary>Uploads and predictions, one after the other.</summary>
    private static async Task LoadAsync(HttpClient client, string answer, List<string> uploaded, CancellationToken enough)
    {
        for (var i = 0; !enough.IsCancellationRequested; i++)
        {
            using var stored = await client.UploadAsync($"load-{i}", Uploads.Good);
            Assert.Equal(System.Net.HttpStatusCode.Created, stored.StatusCode);
            lock (uploaded) uploaded.Add($"load-{i}");
            Assert.Equal(answer, await ClassifyAsync(client));
        }
    }

    private static int Count(List<string> uploaded)
    {
        lock (uploaded) return uploaded.Count;
    }

    private Task<int> BackupAsync(string directory) => BackupCommands.BackupAsync([Commands.Backup, BackupFile, $"--RnnService:DataDirectory={directory}"]);

    private Task<int> RestoreAsync(string directory) => BackupCommands.RestoreAsync([Commands.Restore, BackupFile, $"--RnnService:DataDirectory={directory}"]);

    private static async Task<string> ClassifyAsync(HttpClient client)
    {
        using var body = new StringContent("""{"inputs":["the film is not dull","the music was awful"]}""", System.Text.Encoding.UTF8, "application/json");
        var response = await client.PostAsync("/api/v1/models/saved/classify", body, Cancellation);
        return (await response.JsonAsync()).GetProperty("predictions").ToString();
    }

    private void Execute(string statement)
    {
        using var connection = new SqliteConnection($"Data Source={BackupFile};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
