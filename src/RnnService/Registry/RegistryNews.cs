using Npgsql;
using RnnService.Storage;

namespace RnnService.Registry;

/// <summary>
/// Hears of every change to the registry from PostgreSQL (LISTEN; triggers of the migrations notify with the commit), so that this replica
/// forgets what references stood for, whoever moved them. While the database is away nobody can change anything; what was missed at
/// its end is made up for by forgetting once on every new connection.
/// </summary>
internal sealed partial class RegistryNews(ModelRegistry registry, string connectionString, ILogger<RegistryNews> log) : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(0.5);

    // A connection of its own that asks for a sign of life when nothing is heard: a server that vanished silently is noticed.
    private readonly string _connectionString = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, KeepAlive = 2 }.ToString();

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (NpgsqlException lost)
            {
                LogLost(lost.Message);
                await Task.Delay(Retry, stoppingToken);
            }
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync(cancellationToken);
        await using (var listen = new NpgsqlCommand("LISTEN rnnservice_registry", connection))
            await listen.ExecuteNonQueryAsync(cancellationToken);
        while (true)
        {
            registry.Forget();
            await connection.WaitAsync(cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Changes to the registry are not heard of until the database is back: {Reason}")]
    private partial void LogLost(string reason);
}
