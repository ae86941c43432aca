using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Rnn.Training;
using RnnService.Registry;
using RnnService.Storage;
using RnnService.Tests.TrainingJobs;

namespace RnnService.Tests.Storage;

/// <summary>
/// Bits flipped in the database's file where nobody but a hash sees it: none of weights, checkpoints and datasets is read as if it were good,
/// and what is left goes on.
/// </summary>
public sealed class BitFlipTests : IDisposable
{
    // A thousand together.
    private const int FlipsOfEach = 334;

    private static readonly string[] Inputs = ["the film is not dull", "the music was awful"];

    private readonly string _directory = Directory.CreateTempSubdirectory("rnnservice-bits-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_directory, "rnnservice.db");

    /// <summary>Each is asked for over HTTP, or read as a worker does, with one bit of its stored bytes or of the row that describes them flipped.</summary>
    [Fact]
    public async Task A_thousand_flipped_bits_are_all_found()
    {
        await using (var first = await RunningService.StartInAsync(_directory))
        {
            await first.Client.UploadSentencesAsync();
            await first.Client.EndAsync(await first.Client.StartJobAsync($$"""{"dataset":"sentences","model":"damaged",{{Training.Small}}}"""));
            // Left in the middle: its checkpoints stay.
            var endless = await first.Client.StartJobAsync($$"""{"dataset":"sentences","model":"endless",{{Training.Endless}}}""");
            await first.Client.WaitAsync(endless, job => job.Step() > 20 && job.GetProperty("attempt").GetInt32() == 0);
            await first.Client.CancelAsync(endless);
        }

        await using var service = await RunningService.StartInAsync(_directory);
        var registry = service.App.Services.GetRequiredService<ModelRegistry>();
        string weights, checkpoint, dataset;
        await using (var context = service.Context())
        {
            weights = (await context.ModelVersions.SingleAsync(row => row.Model == "damaged", Cancellation)).BlobId;
            checkpoint = (await context.Checkpoints.FirstAsync(Cancellation)).BlobId;
            dataset = (await context.Datasets.SingleAsync(row => row.Name == "sentences", Cancellation)).BlobId;
            await context.Database.ExecuteSqlRawAsync("PRAGMA wal_checkpoint(TRUNCATE)", Cancellation);
        }

        var answer = await PredictAsync(service.Client);
        await FlipAsync(weights, async () =>
        {
            registry.Forget(weights);
            using var response = await service.Client.PostAsJsonAsync("/api/v1/models/damaged/classify", new { inputs = Inputs }, Cancellation);
            Assert.Contains("weights of damaged:1", (await response.ProblemAsync(500, "damaged")).Text("detail"));
        });
        await FlipAsync(dataset, async () =>
        {
            using var response = await service.Client.GetAsync("/api/v1/datasets/sentences/content", Cancellation);
            Assert.Contains("the dataset 'sentences'", (await response.ProblemAsync(500, "damaged")).Text("detail"));
        });
        await FlipAsync(checkpoint, () => Assert.ThrowsAsync<CorruptBlobException>(async () =>
        {
            await using var stream = await service.App.Services.GetRequiredService<Blobs>().OpenAsync(checkpoint, "the checkpoint", Cancellation);
            Checkpoint.Read(stream);
        }));
        registry.Forget(weights);
        Assert.Equal(answer, await PredictAsync(service.Client));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_job_goes_on_from_an_older_checkpoint_or_from_the_beginning_to_the_same_weights(int damaged)
    {
        const string spec = """ "network":{"hidden_size":32,"embedding_size":32},"training":{"epochs":25,"early_stopping_patience":0,"seed":3} """;
        string id, untouched;
        await using (var before = await RunningService.StartInAsync(_directory))
        {
            await before.Client.UploadSentencesAsync();
            await before.Client.EndAsync(await before.Client.StartJobAsync($$"""{"dataset":"sentences","model":"resumed",{{spec}}}"""));
            untouched = await WeightsAsync(before.Client, 1);
            id = await before.Client.StartJobAsync($$"""{"dataset":"sentences","model":"resumed",{{spec}}}""");
            while (true)
            {
                await using var context = before.Context();
                if (await context.Checkpoints.CountAsync(row => row.JobId == id, Cancellation) == 2) break;
                Assert.NotEqual("succeeded", (await before.Client.JobAsync(id)).Text("status"));
                await Task.Delay(5, Cancellation);
            }
        }

        using (var connection = new SqliteConnection($"Data Source={File};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"""
                UPDATE "BlobChunks" SET "Data" = zeroblob(length("Data")) WHERE "BlobId" IN
                (SELECT "BlobId" FROM "Checkpoints" WHERE "JobId" = '{id}' ORDER BY "Step" DESC LIMIT {damaged})
                """;
            Assert.Equal(damaged, command.ExecuteNonQuery());
        }

        await using var after = await RunningService.StartInAsync(_directory);
        await after.Client.EndAsync(id);
        Assert.Equal(untouched, await WeightsAsync(after.Client, 2));
    }

    [Fact]
    public async Task A_job_whose_dataset_is_damaged_fails_and_says_so()
    {
        await using (var before = await RunningService.StartInAsync(_directory)) await before.Client.UploadSentencesAsync();
        using (var connection = new SqliteConnection($"Data Source={File};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "UPDATE \"BlobChunks\" SET \"Data\" = CAST('x' || substr(\"Data\", 2) AS BLOB)";
            Assert.Equal(2, command.ExecuteNonQuery());
        }

        await using var after = await RunningService.StartInAsync(_directory);
        var job = await after.Client.EndAsync(await after.Client.StartJobAsync($$"""{"dataset":"sentences","model":"none",{{Training.Small}}}"""), "failed");
        Assert.Contains("the dataset 'sentences'", job.Text("error"));
    }

    /// <summary>Flips one bit after the other of what the file holds of a blob, looks, and flips it back.</summary>
    private async Task FlipAsync(string blob, Func<Task> notices)
    {
        var (random, places, whole) = (new Random(blob.Length), Places(blob), Stored(blob));
        for (var flip = 0; flip < FlipsOfEach;)
        {
            var (place, bit) = (places[random.Next(places.Count)], 1 << random.Next(8));
            Toggle(place, bit);
            // A page that was freed may hold the bytes in one piece, and the blob have them across two pages.
            if (!Stored(blob).SequenceEqual(whole))
            {
                flip++;
                // A connection remembers the pages that it has read.
                SqliteConnection.ClearAllPools();
                try
                {
                    await notices();
                }
                catch (Exception missed) when (missed is not OperationCanceledException)
                {
                    throw new InvalidOperationException($"Bit {bit} of byte {place} of {blob}: {missed.Message}", missed);
                }
            }

            Toggle(place, bit);
        }

        SqliteConnection.ClearAllPools();
    }

    /// <summary>What a connection that remembers nothing reads of the blob and its hashes.</summary>
    private byte[] Stored(string blob)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var connection = new SqliteConnection($"Data Source={File};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = Chunks(connection, blob);
        using var chunks = command.ExecuteReader();
        while (chunks.Read())
            for (var column = 0; column < 2; column++) hash.AppendData((byte[])chunks[column]);
        return hash.GetHashAndReset();
    }

    private static SqliteCommand Chunks(SqliteConnection connection, string blob)
    {
        var command = connection.CreateCommand();
        command.CommandText = "SELECT \"Data\", CAST(\"Sha256\" AS BLOB) FROM \"BlobChunks\" WHERE \"BlobId\" = $blob UNION ALL SELECT CAST(\"Sha256\" AS BLOB), CAST(\"Sha256\" AS BLOB) FROM \"Blobs\" WHERE \"Id\" = $blob";
        command.Parameters.AddWithValue("$blob", blob);
        return command;
    }

    /// <summary>Where the file holds the blob's bytes, found piece by piece as they lie on SQLite's pages, and its hashes.</summary>
    private List<long> Places(string blob)
    {
        const int piece = 64;
        var (file, places) = (System.IO.File.ReadAllBytes(File), new List<long>());
        using var connection = new SqliteConnection($"Data Source={File};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = Chunks(connection, blob);
        using var chunks = command.ExecuteReader();
        while (chunks.Read())
        {
            foreach (var bytes in new[] { (byte[])chunks[0], (byte[])chunks[1] })
            {
                for (var at = 0; at + piece <= bytes.Length; at += piece)
                {
                    // Of pieces that are there once: which of two is read cannot be told.
                    var found = file.AsSpan().IndexOf(bytes.AsSpan(at, piece));
                    if (found < 0 || file.AsSpan(found + 1).IndexOf(bytes.AsSpan(at, piece)) >= 0) continue;
                    places.AddRange(Enumerable.Range(found, piece).Select(place => (long)place));
                }
            }
        }

        Assert.NotEmpty(places);
        return places;
    }

    private void Toggle(long place, int bit)
    {
        using var file = new FileStream(File, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = place;
        var value = file.ReadByte();
        file.Position = place;
        file.WriteByte((byte)(value ^ bit));
    }

    private static async Task<string> PredictAsync(HttpClient client)
    {
        using var response = await client.PostAsJsonAsync("/api/v1/models/damaged/classify", new { inputs = Inputs }, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }

    private static async Task<string> WeightsAsync(HttpClient client, int version) =>
        (await client.GetFromJsonAsync<System.Text.Json.JsonElement>($"/api/v1/models/resumed/versions/{version}", Cancellation)).GetProperty("receipt").Text("weights_sha256");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }
}
