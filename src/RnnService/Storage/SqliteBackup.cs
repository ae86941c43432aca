using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace RnnService.Storage;

/// <summary>Copies of the embedded database: taken while a service writes to it, checked before they are trusted.</summary>
internal static class SqliteBackup
{
    /// <summary>Writes the database as it is at this moment to a new file, which appears whole or not at all.</summary>
    /// <returns>Size of the file in bytes.</returns>
    /// <exception cref="StartupException">There is no database, the file exists or it cannot be written.</exception>
    public static long Take(string database, string file)
    {
        if (!File.Exists(database)) throw new StartupException($"There is no database {database}; set RnnService:DataDirectory to the directory of the service.");
        if (File.Exists(file)) throw new StartupException($"The file {file} exists; name one that does not.");
        var partial = $"{file}.partial";
        try
        {
            File.Delete(partial);
            using (var connection = Open(database, SqliteOpenMode.ReadWrite))
            using (var command = connection.CreateCommand())
            {
                // One read transaction: writers go on, and what they commit meanwhile is not in it.
                command.CommandText = "VACUUM INTO $file";
                command.Parameters.AddWithValue("$file", partial);
                command.CommandTimeout = 0;
                command.ExecuteNonQuery();
            }

            Check(partial);
            Flush(partial);
            File.Move(partial, file);
            return new FileInfo(file).Length;
        }
        catch (Exception failed) when (failed is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The backup {file} cannot be written: {failed.Message}");
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>Puts a checked copy of the file in the database's place. The caller owns the data directory.</summary>
    /// <exception cref="StartupException">The file is no good backup, or the directory cannot be written; then the database is as it was.</exception>
    public static void Restore(string file, string database)
    {
        var copy = $"{database}.restoring";
        try
        {
            File.Copy(file, copy, overwrite: true);
            Check(copy);
            Flush(copy);
            Settle(database);
            File.Move(copy, database, overwrite: true);
        }
        catch (Exception failed) when (failed is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The backup {file} cannot be restored: {failed.Message}");
        }
        finally
        {
            File.Delete(copy);
        }
    }

    /// <summary>Refuses a file that is damaged, that another program wrote, or a later version of this one.</summary>
    /// <exception cref="StartupException">It cannot be trusted.</exception>
    public static void Check(string file)
    {
        // Not read-only: then the files that SQLite may lay beside it go with the connection.
        using var connection = Open(file, SqliteOpenMode.ReadWrite);
        if (Text(connection, "PRAGMA integrity_check(1)") is var verdict && verdict != "ok") throw new StartupException($"The backup {file} is damaged: {verdict}.");
        if (Text(connection, "SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1") is { } orphan) throw new StartupException($"The backup {file} is damaged: a row of {orphan} points at nothing.");
        if (Text(connection, "SELECT name FROM sqlite_master WHERE name = '__EFMigrationsHistory'") is null) throw new StartupException($"{file} is not a database of RnnService.");
        CheckMigrations(connection, file);
        // The check above does not see a flipped bit in a value.
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT \"BlobId\", \"Index\", \"Sha256\", \"Data\" FROM \"BlobChunks\"";
        using var chunks = command.ExecuteReader();
        while (chunks.Read())
        {
            using var data = chunks.GetStream(3);
            if (Convert.ToHexStringLower(SHA256.HashData(data)) != chunks.GetString(2))
                throw new StartupException($"The backup {file} is damaged: chunk {chunks.GetInt32(1)} of {chunks.GetString(0)} does not have the hash it was stored with.");
        }
    }

    private static void CheckMigrations(SqliteConnection connection, string file)
    {
        using var context = new SqliteRnnDbContext.DesignTimeFactory().CreateDbContext([]);
        var known = context.Database.GetMigrations().ToHashSet();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT \"MigrationId\" FROM \"__EFMigrationsHistory\"";
        using var applied = command.ExecuteReader();
        while (applied.Read())
        {
            if (!known.Contains(applied.GetString(0)))
                throw new StartupException($"The backup {file} is of another version of RnnService: it has the migration {applied.GetString(0)}, which this one does not know.");
        }
    }

    /// <summary>Moves what stands in the old database's log into its file: beside the new file that log would be taken for its own.</summary>
    private static void Settle(string database)
    {
        if (File.Exists(database))
        {
            try
            {
                using var connection = Open(database, SqliteOpenMode.ReadWrite);
                Text(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
            }
            catch (SqliteException)
            {
                // Damaged: that is why it is replaced.
            }
        }

        File.Delete($"{database}-wal");
        File.Delete($"{database}-shm");
    }

    private static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false, DefaultTimeout = 30 }.ToString());
        connection.Open();
        return connection;
    }

    private static string? Text(SqliteConnection connection, string query)
    {
        using var command = connection.CreateCommand();
        command.CommandText = query;
        command.CommandTimeout = 0;
        return command.ExecuteScalar()?.ToString();
    }

    private static void Flush(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Flush(flushToDisk: true);
    }
}
