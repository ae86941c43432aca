using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using RnnService.Storage.Examples;

namespace RnnService.Storage;

/// <summary>Registers the database.</summary>
internal static class StorageServices
{
    /// <summary>Offers <c>IDbContextFactory&lt;RnnDbContext&gt;</c>, <see cref="Blobs"/>, <see cref="Database"/> and Data Protection for the given place.</summary>
    public static IServiceCollection AddStorage(this IServiceCollection services, DatabaseLocation location)
    {
        services.TryAddSingleton<TimeProvider>(new StoredClock());
        services.AddSingleton(location);
        services.AddSingleton<Blobs>();
        services.AddSingleton<DatasetReader>();
        services.AddSingleton<Database>();
        services.AddSingleton<ProtectionKeys>();
        // A fixed name: by default it is the program's folder, which differs between replicas.
        services.AddDataProtection().SetApplicationName("RnnService");
        services.AddOptions<KeyManagementOptions>().Configure<ProtectionKeys>((protection, keys) =>
        {
            protection.XmlRepository = keys;
            // In plain text, and without a warning at the first start: nothing else in the database is encrypted by the service either.
            protection.XmlEncryptor = new NullXmlEncryptor();
        });
        if (location.PostgreSql is { } connection)
        {
            services.AddPooledDbContextFactory<PostgreSqlRnnDbContext>(options => options.UseNpgsql(connection));
            return services.AddSingleton<IDbContextFactory<RnnDbContext>, Contexts<PostgreSqlRnnDbContext>>();
        }
        var file = new SqliteConnectionStringBuilder { DataSource = location.SqliteFile, DefaultTimeout = 30 }.ToString();
        services.AddPooledDbContextFactory<SqliteRnnDbContext>(options => options.UseSqlite(file).AddInterceptors(new SqliteConnections()));
        return services.AddSingleton<IDbContextFactory<RnnDbContext>, Contexts<SqliteRnnDbContext>>();
    }

    /// <summary>Hands out the chosen provider's contexts as what features know.</summary>
    private sealed class Contexts<T>(IDbContextFactory<T> inner) : IDbContextFactory<RnnDbContext>
        where T : RnnDbContext
    {
        public RnnDbContext CreateDbContext() => inner.CreateDbContext();

        public async Task<RnnDbContext> CreateDbContextAsync(CancellationToken cancellationToken) =>
            await inner.CreateDbContextAsync(cancellationToken);
    }
}
