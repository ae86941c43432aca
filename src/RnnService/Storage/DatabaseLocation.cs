namespace RnnService.Storage;

/// <summary>Where the data is.</summary>
/// <param name="DataDirectory">Absolute path of the data directory.</param>
/// <param name="PostgreSql">Connection string of the shared database, or null for the embedded one.</param>
internal sealed record DatabaseLocation(string DataDirectory, string? PostgreSql)
{
    /// <summary>The embedded database's file, or null with PostgreSQL.</summary>
    public string? SqliteFile => PostgreSql is null ? Path.Combine(DataDirectory, "rnnservice.db") : null;
}
