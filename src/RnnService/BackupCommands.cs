using RnnService.Storage;

namespace RnnService;

/// <summary>The commands <c>backup &lt;file&gt;</c>, which runs beside the service, and <c>restore &lt;file&gt;</c>, which wants it stopped.</summary>
internal static class BackupCommands
{
    /// <summary>Writes a backup of the data directory that the settings name.</summary>
    /// <exception cref="StartupException">It cannot be written.</exception>
    public static async Task<int> BackupAsync(string[] args)
    {
        var (location, file) = Read(args, Commands.Backup);
        var bytes = SqliteBackup.Take(location.SqliteFile!, file);
        await Console.Out.WriteLineAsync($"The backup {file} has {bytes:N0} bytes and is whole.");
        return 0;
    }

    /// <summary>Puts a backup in the place of the data directory's database.</summary>
    /// <exception cref="StartupException">A service owns the directory, or the backup is damaged; then nothing has changed.</exception>
    public static async Task<int> RestoreAsync(string[] args)
    {
        var (location, file) = Read(args, Commands.Restore);
        if (!File.Exists(file)) throw new StartupException($"There is no backup {file}.");
        using var owned = DirectoryLock.Take(location.DataDirectory);
        SqliteBackup.Restore(file, location.SqliteFile!);
        await Console.Out.WriteLineAsync($"{location.SqliteFile} is as in {file}; jobs that had not ended go on when the service starts.");
        return 0;
    }

    private static (DatabaseLocation Location, string File) Read(string[] args, string command)
    {
        if (args.Length < 2 || args[1].Length == 0 || args[1].StartsWith('-')) throw new StartupException($"{command} wants a file: {command} <file>.");
        // Without the file: a path that begins with a slash would be read as a setting's name.
        var configuration = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args[2..], ContentRootPath = AppContext.BaseDirectory }).Configuration;
        var location = Settings.Location(Settings.Read(configuration), configuration);
        return location.SqliteFile is null
            ? throw new StartupException($"{command} is for SQLite; a PostgreSQL database is saved with pg_dump and restored with pg_restore.")
            : (location, Path.GetFullPath(args[1]));
    }
}
