using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace RnnService.Tests.Faults;

/// <summary>What a database file holds, asked of SQLite itself and not of the service.</summary>
internal sealed class StoredData : IDisposable
{
    private const string Owned = """
        SELECT "BlobId" FROM "Datasets" UNION ALL SELECT "BlobId" FROM "Checkpoints" UNION ALL SELECT "BlobId" FROM "ModelVersions"
        UNION ALL SELECT "BlobId" FROM "Sweeps" WHERE "BlobId" IS NOT NULL
        """;

    private readonly SqliteConnection _connection;

    public StoredData(string file)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 30 }.ToString());
        _connection.Open();
    }

    /// <summary>
    /// Asserts that the file is sound and that all that rows point at is there, whole and with its hashes; and, where nothing is being written,
    /// that nothing else is: no blob without an owner, no chunk without a blob, no row of a job that does not exist.
    /// </summary>
    public void AssertWhole(bool isIdle)
    {
        using var transaction = _connection.BeginTransaction(deferred: true);
        Assert.Equal("ok", Text("PRAGMA integrity_check"));
        Assert.Null(Text("SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1"));
        Assert.Empty(Column($"SELECT \"BlobId\" FROM ({Owned}) WHERE \"BlobId\" NOT IN (SELECT \"Id\" FROM \"Blobs\" WHERE \"Sha256\" <> '')"));
        foreach (var blob in Column(Owned)) AssertWhole(blob);
        if (!isIdle) return;
        Assert.Empty(Column($"SELECT \"Kind\" || ' ' || \"Id\" FROM \"Blobs\" WHERE \"Id\" NOT IN ({Owned})"));
        Assert.Empty(Column("SELECT \"BlobId\" FROM \"BlobChunks\" WHERE \"BlobId\" NOT IN (SELECT \"Id\" FROM \"Blobs\")"));
        foreach (var table in new[] { "Checkpoints", "Metrics", "Events" })
            Assert.Empty(Column($"SELECT \"JobId\" FROM \"{table}\" WHERE \"JobId\" NOT IN (SELECT \"Id\" FROM \"TrainingJobs\")"));
        Assert.Empty(Column("SELECT \"JobId\" FROM \"Checkpoints\" WHERE \"JobId\" IN (SELECT \"Id\" FROM \"TrainingJobs\" WHERE \"Status\" = 'succeeded')"));
    }

    /// <summary>The first column of the first row as text, or null.</summary>
    public string? Text(string query) => Column(query).FirstOrDefault();

    /// <summary>The first column as text.</summary>
    public List<string> Column(string query)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = query;
        using var reader = command.ExecuteReader();
        var values = new List<string>();
        while (reader.Read()) values.Add(reader.GetValue(0).ToString()!);
        return values;
    }

    /// <summary>Runs a statement.</summary>
    public int Execute(string statement)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = statement;
        return command.ExecuteNonQuery();
    }

    private void AssertWhole(string blob)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT \"Index\", \"Sha256\", \"Data\" FROM \"BlobChunks\" WHERE \"BlobId\" = $blob ORDER BY \"Index\"";
        command.Parameters.AddWithValue("$blob", blob);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var chunks = command.ExecuteReader();
        for (var index = 0; chunks.Read(); index++)
        {
            var data = (byte[])chunks[2];
            Assert.Equal((index, Convert.ToHexStringLower(SHA256.HashData(data))), (chunks.GetInt32(0), chunks.GetString(1)));
            whole.AppendData(data);
        }

        Assert.Equal(Text($"SELECT \"Sha256\" FROM \"Blobs\" WHERE \"Id\" = '{blob}'"), Convert.ToHexStringLower(whole.GetHashAndReset()));
    }

    public void Dispose() => _connection.Dispose();
}
