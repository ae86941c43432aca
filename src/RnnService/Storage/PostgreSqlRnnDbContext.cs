using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace RnnService.Storage;

/// <summary>The context of the shared database; migrations in <c>Migrations/PostgreSql</c>.</summary>
internal sealed class PostgreSqlRnnDbContext(DbContextOptions<PostgreSqlRnnDbContext> options) : RnnDbContext(options)
{
    /// <inheritdoc/>
    public override Task LockAsync(string thing, CancellationToken cancellationToken) =>
        Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({thing}, 0))", cancellationToken);

    /// <summary>For <c>dotnet ef</c>, which needs no database to write a migration.</summary>
    internal sealed class DesignTimeFactory : IDesignTimeDbContextFactory<PostgreSqlRnnDbContext>
    {
        public PostgreSqlRnnDbContext CreateDbContext(string[] args) =>
            new(new DbContextOptionsBuilder<PostgreSqlRnnDbContext>().UseNpgsql("Host=localhost").Options);
    }
}
