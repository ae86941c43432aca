using System.Reflection;
using Npgsql;
using Rnn.Kernels;
using RnnService.Http;
using RnnService.Storage;

namespace RnnService;

/// <summary>Reads the settings; a wrong one, or one that does not exist, stops the start with a sentence that names it.</summary>
internal static class Settings
{
    private const string Section = "RnnService";

    // A silent database costs a request a command's time and that of a connection to cancel it (asking for GSS would double it): 4 s at most.
    // Five processes fit a server of 100 connections. A process frozen, or lost with its machine, in the middle of a transaction keeps its locks from others for 5 s only.
    private const string PatienceAndPlaces =
        "Timeout=2;Command Timeout=2;Cancellation Timeout=1000;GSS Encryption Mode=Disable;Maximum Pool Size=18;Application Name=RnnService;Options=-c idle_in_transaction_session_timeout=5000;";

    /// <summary>The service's settings.</summary>
    /// <exception cref="StartupException">A setting is unknown, unreadable or out of range.</exception>
    public static RnnServiceOptions Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        RefuseUnknown(section, typeof(RnnServiceOptions));
        try
        {
            var options = section.Get<RnnServiceOptions>() ?? new RnnServiceOptions();
            return options.FirstError(configuration.GetConnectionString(Section)) is { } error ? throw new StartupException(error) : options;
        }
        catch (InvalidOperationException unreadable)
        {
            throw new StartupException(Sentence(unreadable.Message));
        }
    }

    /// <summary>Where these settings put the data.</summary>
    public static DatabaseLocation Location(RnnServiceOptions options, IConfiguration configuration) => new(
        Path.GetFullPath(options.DataDirectory),
        options.Database == DatabaseKind.PostgreSql ? PostgreSql(configuration.GetConnectionString(Section) ?? "") : null);

    /// <summary>The connection string, completed with what it does not say itself: of two values the later one counts.</summary>
    /// <exception cref="StartupException">It cannot be read.</exception>
    private static string PostgreSql(string given)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(PatienceAndPlaces + given).ToString();
        }
        catch (ArgumentException unreadable)
        {
            throw new StartupException($"ConnectionStrings:RnnService cannot be read: {unreadable.Message}");
        }
    }

    /// <summary>Says of "Failed to convert configuration value 'x' at 'path' to type 'T'." what would have been right.</summary>
    private static string Sentence(string message)
    {
        var quoted = message.Split('\'');
        if (quoted.Length < 6)
            return message;
        var expected = (Type.GetType(quoted[5]) ?? typeof(WeightPrecision).Assembly.GetType(quoted[5])) switch
        {
            { IsEnum: true } kind => string.Join(" or ", Enum.GetNames(kind).Select(name => name.ToLowerInvariant())),
            _ => "a whole number",
        };
        return $"{quoted[3]} is '{quoted[1]}'; it must be {expected}.";
    }

    private static void RefuseUnknown(IConfigurationSection section, Type type)
    {
        var known = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            if (!known.TryGetValue(child.Key, out var property))
                throw new StartupException($"{child.Path} is not a setting; the nearest is {section.Path}:{NearestName.Of(child.Key, known.Keys)}.");
            if (property.PropertyType == typeof(Limits) || property.PropertyType == typeof(Retention))
                RefuseUnknown(child, property.PropertyType);
        }
    }
}
