using Hangfire;
using Hangfire.InMemory;
using RnnService.Registry;

namespace RnnService.TrainingJobs;

/// <summary>Registers training and the registry it publishes to.</summary>
internal static class TrainingServices
{
    /// <summary>Offers job submission and, in this process, one worker that trains one job at a time with all training cores.</summary>
    public static IServiceCollection AddTrainingJobs(this IServiceCollection services)
    {
        services.AddHangfire(hangfire => hangfire.UseInMemoryStorage(new InMemoryStorageOptions { MaxExpirationTime = TimeSpan.FromHours(1) })
            .UseSimpleAssemblyNameTypeSerializer().UseRecommendedSerializerSettings());
        services.AddHangfireServer(server =>
        {
            server.WorkerCount = 1;
            server.ServerName = $"{Environment.MachineName}-{Environment.ProcessId}";
            server.ShutdownTimeout = TimeSpan.FromSeconds(20);
        });
        services.AddSingleton<JobLedger>();
        services.AddSingleton<JobQueue>();
        services.AddSingleton<RunningJobs>();
        services.AddSingleton<TrainingWorker>();
        services.AddSingleton<JobSubmission>();
        return services.AddHostedService<JobReconciler>();
    }
}
