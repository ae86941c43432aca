using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RnnService.Storage;
using RnnService.Tests.Datasets;

namespace RnnService.Tests.Storage;

/// <summary>What is true of the database before the first request is answered.</summary>
public sealed class DatabaseTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Neither_databases_migrations_lag_behind_the_model()
    {
        using var sqlite = new SqliteRnnDbContext.DesignTimeFactory().CreateDbContext([]);
        Assert.False(sqlite.Database.HasPendingModelChanges(), "Add a migration: dotnet ef migrations add <Name> --context SqliteRnnDbContext -o Storage/Migrations/Sqlite");
        using var postgreSql = new PostgreSqlRnnDbContext.DesignTimeFactory().CreateDbContext([]);
        Assert.False(postgreSql.Database.HasPendingModelChanges(), "Add a migration: dotnet ef migrations add <Name> --context PostgreSqlRnnDbContext -o Storage/Migrations/PostgreSql");
        Assert.Equal(sqlite.Database.GetMigrations().Count(), postgreSql.Database.GetMigrations().Count());
    }

    [Fact]
    public async Task Every_connection_syncs_fully_and_the_file_logs_ahead()
    {
        await using var service = await RunningService.StartAsync();
        for (var connection = 0; connection < 3; connection++)
        {
            await using var context = service.Context();
            Assert.Equal("wal", await context.Database.SqlQueryRaw<string>("SELECT journal_mode AS Value FROM pragma_journal_mode").SingleAsync(Cancellation));
            Assert.Equal(2, await context.Database.SqlQueryRaw<long>("SELECT synchronous AS Value FROM pragma_synchronous").SingleAsync(Cancellation));
            Assert.Equal(1, await context.Database.SqlQueryRaw<long>("SELECT foreign_keys AS Value FROM pragma_foreign_keys").SingleAsync(Cancellation));
        }
    }

    [Fact]
    public async Task A_second_process_is_refused_and_the_first_serves_on()
    {
        await using var first = await RunningService.StartAsync();
        var refusal = await Assert.ThrowsAsync<StartupException>(() => RunningService.StartInAsync(first.DataDirectory));
        Assert.Contains("in use by another", refusal.Message);
        Assert.True((await first.Client.GetAsync("/health/ready", Cancellation)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_restart_finds_the_data_and_sweeps_what_a_killed_process_left()
    {
        var directory = Directory.CreateTempSubdirectory("rnnservice-test-").FullName;
        try
        {
            await using (var before = await RunningService.StartInAsync(directory))
            {
                await before.Client.UploadAsync("kept", Uploads.Good);
                // Not disposed and not completed, as after SIGKILL.
                await before.App.Services.GetRequiredService<Blobs>().Create(BlobKind.Dataset).WriteAsync(new byte[2 * BlobWriter.ChunkBytes], Cancellation);
                await using var context = before.Context();
                context.Add(new IdempotencyRow { Scope = "s", Key = "k", RequestHash = "", CreatedAt = DateTime.UtcNow });
                await context.SaveChangesAsync(Cancellation);
                await context.Database.ExecuteSqlRawAsync("INSERT INTO \"__EFMigrationsLock\" (\"Id\", \"Timestamp\") VALUES (1, 'killed')", Cancellation);
                Assert.Equal(2, await context.Blobs.CountAsync(Cancellation));
            }
            await using var after = await RunningService.StartInAsync(directory).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
            Assert.Equal(Uploads.Good, await after.Client.GetStringAsync("/api/v1/datasets/kept/content", Cancellation));
            await using var swept = after.Context();
            Assert.Equal(1, await swept.Blobs.CountAsync(Cancellation));
            for (var tries = 0; tries < 100 && await swept.Idempotency.AnyAsync(Cancellation); tries++)
                await Task.Delay(50, Cancellation);
            Assert.False(await swept.Idempotency.AnyAsync(Cancellation));
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void Ids_sort_by_age()
    {
        var start = DateTimeOffset.UnixEpoch.AddYears(56);
        var ids = Enumerable.Range(0, 1000).Select(step => Ids.New("ds", start.AddTicks(step * 3L))).ToArray();
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.All(ids, id => Assert.Matches("^ds_[0-9a-z]{26}$", id));
    }
}
