using Rnn.Kernels;

namespace RnnService;

/// <summary>Which database keeps the data.</summary>
internal enum DatabaseKind
{
    /// <summary>A file in the data directory; nothing to install.</summary>
    Sqlite,

    /// <summary>A shared server, named by <c>ConnectionStrings:RnnService</c>.</summary>
    PostgreSql,
}

/// <summary>What this process does.</summary>
internal enum ServiceRole
{
    /// <summary>Answers requests and trains.</summary>
    All,

    /// <summary>Answers requests only.</summary>
    Api,

    /// <summary>Trains only; answers for its health.</summary>
    Worker,
}

/// <summary>Section <c>RnnService</c> of the configuration, validated before anything starts.</summary>
internal sealed record RnnServiceOptions
{
    /// <summary>Where the SQLite file lives; relative to the current directory. Default <c>data</c>.</summary>
    public string DataDirectory { get; init; } = "data";

    /// <summary>Default <c>sqlite</c>, which needs nothing installed.</summary>
    public DatabaseKind Database { get; init; } = DatabaseKind.Sqlite;

    /// <summary>Default <c>all</c>; another wants PostgreSQL, which processes can share.</summary>
    public ServiceRole Role { get; init; } = ServiceRole.All;

    /// <summary>The first admin's key. Without one, or with an empty one, the service listens on loopback addresses only.</summary>
    public string? AdminKey { get => field; init => field = string.IsNullOrWhiteSpace(value) ? null : value; }

    /// <summary>Threads that train. Default 0, which means all cores.</summary>
    public int TrainingCores { get; init; }

    /// <summary>The same as a number of threads.</summary>
    public int Threads => TrainingCores == 0 ? Environment.ProcessorCount : TrainingCores;

    /// <summary>How the weights of models that answer are kept. Default <c>fp32</c>, as they were trained; <c>bf16</c> halves what a step reads and changes answers a little.</summary>
    public WeightPrecision Precision { get; init; } = WeightPrecision.Fp32;

    /// <summary>The same as it is written.</summary>
    public string PrecisionName => Precision.ToString().ToLowerInvariant();

    /// <summary>How much one client may ask for.</summary>
    public Limits Limits { get; init; } = new();

    /// <summary>How long what jobs leave behind is kept.</summary>
    public Retention Retention { get; init; } = new();

    /// <summary>The first setting that cannot be, as a sentence that names it.</summary>
    public string? FirstError(string? connectionString)
    {
        if (string.IsNullOrWhiteSpace(DataDirectory))
            return "RnnService:DataDirectory is empty; set a directory the service may write to.";
        if (!Enum.IsDefined(Database))
            return $"RnnService:Database is '{Database}'; it must be sqlite or postgresql.";
        if (Role != ServiceRole.All && Database == DatabaseKind.Sqlite)
            return $"RnnService:Role is {Role.ToString().ToLowerInvariant()}, but with SQLite one process serves and trains: set RnnService:Database to postgresql, or the role to all.";
        if (AdminKey is not null && AdminKey.Any(character => character is <= ' ' or > '~'))
            return "RnnService:AdminKey holds a space or a character outside ASCII; a header cannot carry it.";
        if (TrainingCores < 0 || TrainingCores > MaximumCores)
            return $"RnnService:TrainingCores is {TrainingCores}; it must be 0 (all cores) to {MaximumCores}.";
        if (!Enum.IsDefined(Precision))
            return $"RnnService:Precision is '{Precision}'; it must be fp32 or bf16.";
        if (Database == DatabaseKind.PostgreSql && string.IsNullOrWhiteSpace(connectionString))
            return "RnnService:Database is postgresql but ConnectionStrings:RnnService is not set; set it to, for example, 'Host=db;Database=rnnservice;Username=rnn;Password=…'.";
        return Limits.FirstError() ?? Retention.FirstError();
    }

    private const int MaximumCores = 1024;
}
