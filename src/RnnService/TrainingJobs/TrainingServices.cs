using Hangfire;
using Hangfire.AspNetCore;
using Hangfire.InMemory;
using RnnService.Registry;

namespace RnnService.TrainingJobs;

/// <summary>Registers training and the registry it publishes to.</summary>
internal static class TrainingServices
{
    /// <summary>Offers job submission and, in this process, one worker that trains one job at a time with all training cores.</summary>
    public static IServiceCollection AddTrainingJobs(this IServiceCollection services)
    {
        // The host's own storage and activator: Hangfire's defaults are one for the process, and tests run several hosts in one.
        services.AddSingleton<JobStorage>(_ => new InMemoryStorage(new InMemoryStorageOptions { MaxExpirationTime = TimeSpan.FromHours(1) }));
        // Its log provider is one for the process too, and would outlive the host it logs to; what happens to a job is logged by JobLog.
        services.AddHangfire(hangfire => hangfire.UseSimpleAssemblyNameTypeSerializer().UseRecommendedSerializerSettings().UseNoOpLogProvider());
        services.AddHangfireServer((provider, server) =>
        {
            server.Activator = new AspNetCoreJobActivator(provider.GetRequiredService<IServiceScopeFactory>());
            server.WorkerCount = 1;
            server.ServerName = $"{Environment.MachineName}-{Environment.ProcessId}";
            server.ShutdownTimeout = TimeSpan.FromSeconds(20);
        });
        services.AddSingleton<JobLedger>();
        services.AddSingleton<JobQueue>();
        services.AddSingleton<RunningJobs>();
        services.AddSingleton<TrainingWorker>();
        services.AddSingleton<TrainTestOverlap>();
        services.AddSingleton<JobSubmission>();
        services.AddSingleton<StartingPoints>();
        services.AddSingleton<ReceiptReplays>();
        services.AddSingleton<VerificationSubmission>();
        services.AddSingleton<DryRun>();
        services.AddSingleton<NewestEvents>();
        services.AddSingleton<JobEventReader>();
        return services.AddHostedService<JobReconciler>();
    }

    /// <summary>Gives memory back to the machine: what a job held is a matter of hundreds of megabytes, and the collector would keep it until the next one needs as much.</summary>
    public static void ReleaseMemory() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
}
