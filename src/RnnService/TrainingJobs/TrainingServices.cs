using Hangfire;
using Hangfire.AspNetCore;
using Hangfire.InMemory;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using RnnService.Storage;
using RnnService.TrainingJobs.Sweeps;

namespace RnnService.TrainingJobs;

/// <summary>Registers training and the registry it publishes to.</summary>
internal static class TrainingServices
{
    // Small, so that a worker that was killed blocks nobody for long; what a job's owner may do is decided by its lease alone.
    private static readonly TimeSpan Invisibility = TimeSpan.FromSeconds(10);

    /// <summary>Offers job submission and, unless the role is <c>api</c>, one worker that trains one job at a time with all training cores.</summary>
    public static IServiceCollection AddTrainingJobs(this IServiceCollection services, ServiceRole role, DatabaseLocation location)
    {
        // The host's own storage and activator: Hangfire's defaults are one for the process, and tests run several hosts in one.
        services.AddSingleton(_ => MakeStorage(location));
        // Its log provider is one for the process too, and would outlive the host it logs to; what happens to a job is logged by JobLog.
        services.AddHangfire(hangfire => hangfire.UseSimpleAssemblyNameTypeSerializer().UseRecommendedSerializerSettings().UseNoOpLogProvider());
        if (role != ServiceRole.Api)
        {
            services.AddHangfireServer((provider, server) =>
            {
                server.Activator = new AspNetCoreJobActivator(provider.GetRequiredService<IServiceScopeFactory>());
                server.WorkerCount = 1;
                server.ServerName = $"{Environment.MachineName}-{Environment.ProcessId}";
                server.ShutdownTimeout = TimeSpan.FromSeconds(20);
            });
            services.AddHostedService<JobReconciler>();
        }

        services.AddSingleton<JobLedger>();
        services.AddSingleton<JobQueue>();
        services.AddSingleton<RunningJobs>();
        services.AddSingleton<TrainingWorker>();
        services.AddSingleton<TrainTestOverlap>();
        services.AddSingleton<JobSubmission>();
        services.AddSingleton<StartingPoints>();
        services.AddSingleton<ReceiptReplays>();
        services.AddSingleton<VerificationSubmission>();
        services.AddSingleton<SweepSubmission>();
        services.AddSingleton<DryRun>();
        services.AddSingleton<NewestEvents>();
        services.AddSingleton<JobEventReader>();
        services.AddHostedService<JobGauges>();
        return services.AddHostedService<RetentionSweep>();
    }

    private static JobStorage MakeStorage(DatabaseLocation location) => location.PostgreSql is { } connection
        ? new PostgreSqlStorage(new NpgsqlConnectionFactory(connection, Bells), Bells)
        : new InMemoryStorage(new InMemoryStorageOptions { MaxExpirationTime = TimeSpan.FromHours(1) });

    // Its tables are made in Storage/Database, under the lock of the migrations.
    private static PostgreSqlStorageOptions Bells => new()
    {
        PrepareSchemaIfNecessary = false,
        UseSlidingInvisibilityTimeout = true,
        InvisibilityTimeout = Invisibility,
        QueuePollInterval = TimeSpan.FromSeconds(0.5),
        JobExpirationCheckInterval = TimeSpan.FromMinutes(10),
    };
}
