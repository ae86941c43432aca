using RnnService.Storage;

namespace RnnService;

/// <summary>The commands of the program: its first argument, if that is not a setting. Without one it serves.</summary>
internal static class Commands
{
    /// <summary>Serves, and shows what it can do.</summary>
    public const string Demo = "demo";

    /// <summary>Brings the database up to date and ends.</summary>
    public const string Migrate = "migrate";

    /// <summary>Asks a running service whether it is ready.</summary>
    public const string Healthcheck = "healthcheck";

    /// <summary>Writes a copy of the database, beside the service that uses it.</summary>
    public const string Backup = "backup";

    /// <summary>Puts such a copy in the place of the database.</summary>
    public const string Restore = "restore";

    /// <summary>The command asked for, or null to serve.</summary>
    /// <exception cref="StartupException">There is no such command.</exception>
    public static string? Read(string[] args)
    {
        if (args.Length == 0 || args[0].Length == 0 || args[0].StartsWith('-') || args[0].Contains('=', StringComparison.Ordinal))
            return null;
        return args[0] is Demo or Migrate or Healthcheck or Backup or Restore
            ? args[0]
            : throw new StartupException($"'{args[0]}' is not a command; the commands are {Demo}, {Migrate}, {Healthcheck}, {Backup} <file> and {Restore} <file>, and without one the service starts.");
    }
}
