using Hangfire.PostgreSql;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;

namespace RnnService.Storage;

/// <summary>The database as the process sees it at start and stop: owned, migrated, swept.</summary>
internal sealed class Database(IDbContextFactory<RnnDbContext> contexts, Blobs blobs, TimeProvider time, DatabaseLocation location) : IDisposable
{
    // A new index on many rows, or another process that is at it.
    private static readonly TimeSpan MigrationPatience = TimeSpan.FromMinutes(10);

    // Any number that no other program locks in this database.
    private const long MigrationLock = 0x526E6E;

    private DirectoryLock? _lock;

    /// <summary>
    /// Brings the schema up to date and deletes what an earlier, killed process left behind. With SQLite it first takes the data
    /// directory's lock, which this process then holds until it ends.
    /// </summary>
    /// <exception cref="StartupException">The directory is another process's or the database cannot be reached.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (location.SqliteFile is null)
        {
            await MigrateSharedAsync(cancellationToken);
            // Another replica may be in the middle of writing: only what is surely abandoned goes.
            await blobs.DeleteOrphansAsync(time.GetUtcNow().UtcDateTime.AddDays(-1), cancellationToken);
            return;
        }
        _lock ??= DirectoryLock.Take(location.DataDirectory);
        await MigrateOwnedAsync(cancellationToken);
    }

    private async Task MigrateOwnedAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            // Larger pages, of which a new file is made, store a blob with two thirds of the work.
            // A process killed while migrating leaves this row and every later start would wait for it for ever; we hold the directory.
            await context.Database.ExecuteSqlRawAsync(
                "PRAGMA page_size=16384; CREATE TABLE IF NOT EXISTS \"__EFMigrationsLock\" (\"Id\" INTEGER NOT NULL CONSTRAINT \"PK___EFMigrationsLock\" PRIMARY KEY, \"Timestamp\" TEXT NOT NULL); "
                + "DELETE FROM \"__EFMigrationsLock\";",
                cancellationToken);
            await MigrateAsync(context, cancellationToken);
            await context.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL;", cancellationToken);
            await blobs.DeleteOrphansAsync(DateTime.MaxValue, cancellationToken);
        }
        catch (Microsoft.Data.Sqlite.SqliteException failed)
        {
            throw new StartupException($"The database {location.SqliteFile} cannot be used: {failed.Message}");
        }
    }

    private async Task MigrateSharedAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        context.Database.SetCommandTimeout(MigrationPatience);
        try
        {
            // A lock of ours and on one connection: Npgsql's own protects migrations, but neither their table's making nor Hangfire's tables.
            await context.Database.OpenConnectionAsync(cancellationToken);
            await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock({MigrationLock})", cancellationToken);
            // Migrating makes it too, but first asks for it and leaves an error in the log.
            await context.Database.ExecuteSqlRawAsync(context.GetService<IHistoryRepository>().GetCreateIfNotExistsScript(), cancellationToken);
            await MigrateAsync(context, cancellationToken);
            PostgreSqlObjectsInstaller.Install((NpgsqlConnection)context.Database.GetDbConnection());
            await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({MigrationLock})", cancellationToken);
        }
        catch (Exception failed) when (failed is System.Data.Common.DbException or InvalidOperationException)
        {
            throw new StartupException($"ConnectionStrings:RnnService: the PostgreSQL database cannot be used: {failed.GetBaseException().Message}");
        }
    }

    // Migrating compares whole models even where there is nothing to do: a fifth of a second at every start.
    private static async Task MigrateAsync(RnnDbContext context, CancellationToken cancellationToken)
    {
        if ((await context.Database.GetPendingMigrationsAsync(cancellationToken)).Any()) await context.Database.MigrateAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _lock?.Dispose();
}
