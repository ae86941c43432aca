using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace RnnService.Storage;

/// <summary>
/// What every connection to SQLite needs in force. The journal mode is not here: it belongs to the file and is set once,
/// after migrating (see <see cref="Database"/>).
/// </summary>
internal sealed class SqliteConnections : DbConnectionInterceptor
{
    // FULL: under NORMAL a power cut takes commits with it. The log shrinks back to 64 MiB after a large write, and begins again after 4 MB (250 pages).
    private const string Pragmas = "PRAGMA synchronous=FULL; PRAGMA busy_timeout=15000; PRAGMA journal_size_limit=67108864; PRAGMA wal_autocheckpoint=250;";

    /// <inheritdoc/>
    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        using var command = connection.CreateCommand();
        command.CommandText = Pragmas;
        command.ExecuteNonQuery();
    }

    /// <inheritdoc/>
    public override async Task ConnectionOpenedAsync(
        DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = Pragmas;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
