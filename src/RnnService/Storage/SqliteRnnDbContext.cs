using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace RnnService.Storage;

/// <summary>The context of the embedded database; migrations in <c>Migrations/Sqlite</c>.</summary>
internal sealed class SqliteRnnDbContext(DbContextOptions<SqliteRnnDbContext> options) : RnnDbContext(options)
{
    /// <summary>Does nothing: a transaction of SQLite keeps all other writers waiting anyway.</summary>
    public override Task LockAsync(string thing, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>For <c>dotnet ef</c>, which needs no database to write a migration.</summary>
    internal sealed class DesignTimeFactory : IDesignTimeDbContextFactory<SqliteRnnDbContext>
    {
        public SqliteRnnDbContext CreateDbContext(string[] args) =>
            new(new DbContextOptionsBuilder<SqliteRnnDbContext>().UseSqlite("Data Source=:memory:").Options);
    }
}
