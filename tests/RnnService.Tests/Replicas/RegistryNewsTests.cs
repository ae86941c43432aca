using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RnnService.Storage;
using RnnService.Tests.Predictions;
using RnnService.Tests.Storage;

namespace RnnService.Tests.Replicas;

/// <summary>What is changed in the registry through one replica is seen through another within a second.</summary>
public sealed class RegistryNewsTests
{
    private static readonly string[] Inputs = ["good"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_moved_alias_a_new_and_a_deleted_version_are_seen_by_the_other_replica_within_a_second()
    {
        string[] shared = ["--RnnService:Role=api", "--RnnService:Database=postgresql", $"--ConnectionStrings:RnnService={await PostgreSqlCluster.CreateDatabaseAsync()}"];
        await using var here = await RunningService.StartAsync(shared);
        await using var there = await RunningService.StartAsync(shared);
        var models = new PublishedModels(here);
        await models.PublishAsync("texts", LearningTask.SequenceClassification, LabelModels.OfTexts());
        Assert.Equal(1, await VersionAsync(there, "texts"));

        await models.PublishAsync("texts", LearningTask.SequenceClassification, LabelModels.OfTexts());
        await SeenAsync(() => VersionAsync(there, "texts"), 2);

        foreach (var version in new[] { 1, 2, 1 })
        {
            Assert.Equal(HttpStatusCode.OK, (await here.Client.PutAsJsonAsync("/api/v1/models/texts/aliases/production", new { version }, Cancellation)).StatusCode);
            await SeenAsync(() => VersionAsync(there, "texts"), version);
        }

        Assert.Equal(2, await VersionAsync(there, "texts:2"));
        Assert.Equal(HttpStatusCode.NoContent, (await here.Client.DeleteAsync("/api/v1/models/texts/versions/2", Cancellation)).StatusCode);
        await SeenAsync(() => VersionAsync(there, "texts:2"), null);
    }

    [Fact]
    public async Task What_was_changed_while_the_connection_was_lost_is_seen_when_it_is_back()
    {
        var database = await PostgreSqlCluster.CreateDatabaseAsync();
        string[] shared = ["--RnnService:Role=api", "--RnnService:Database=postgresql", $"--ConnectionStrings:RnnService={database}"];
        await using var here = await RunningService.StartAsync(shared);
        await new PublishedModels(here).PublishAsync("texts", LearningTask.SequenceClassification, LabelModels.OfTexts());
        await new PublishedModels(here).PublishAsync("texts", LearningTask.SequenceClassification, LabelModels.OfTexts());
        Assert.Equal(2, await VersionAsync(here, "texts"));
        await using (var connection = new Npgsql.NpgsqlConnection(database))
        {
            // Cuts off who listens, and before it is back changes what it would have heard of.
            await connection.OpenAsync(Cancellation);
            await using var cut = new Npgsql.NpgsqlCommand(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid();
                INSERT INTO "ModelAliases" ("Model", "Alias", "Version") VALUES ('texts', 'production', 1);
                """, connection);
            await cut.ExecuteNonQueryAsync(Cancellation);
        }

        await SeenAsync(() => VersionAsync(here, "texts"), 1, seconds: 5);
    }

    private static async Task SeenAsync(Func<Task<int?>> ask, int? version, double seconds = 1)
    {
        var clock = Stopwatch.StartNew();
        int? seen;
        while ((seen = await ask()) != version)
            Assert.True(clock.Elapsed.TotalSeconds < seconds, $"after {seconds} s version {seen} still answers, not {version}");
    }

    private static async Task<int?> VersionAsync(RunningService service, string reference)
    {
        using var response = await service.Client.PostAsJsonAsync($"/api/v1/models/{reference}/classify", new { inputs = Inputs }, Cancellation);
        return response.StatusCode == HttpStatusCode.NotFound ? null : (await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("version").GetInt32();
    }
}
