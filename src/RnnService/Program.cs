using Hangfire;
using RnnService.Datasets;
using RnnService.Demo;
using RnnService.Http;
using RnnService.Predictions;
using RnnService.Registry;
using RnnService.Storage;
using RnnService.TrainingJobs;
using RnnService.TrainingJobs.Sweeps;

namespace RnnService;

/// <summary>The program's table of contents: what the service is made of, and the way in.</summary>
internal static class Program
{
    /// <summary>Does what the command says; without one, serves until it is asked to stop.</summary>
    /// <returns>0, or 1 if it could not; then the standard error says why in one sentence.</returns>
    public static async Task<int> Main(string[] args)
    {
        try
        {
            var command = Commands.Read(args);
            if (command == Commands.Healthcheck) return await HealthcheckCommand.RunAsync(args);
            if (command == Commands.Backup) return await BackupCommands.BackupAsync(args);
            if (command == Commands.Restore) return await BackupCommands.RestoreAsync(args);
            await using var app = Build(args);
            if (command == Commands.Demo) return await DemoCommand.RunAsync(app);
            if (command == Commands.Migrate) return await app.MigrateAsync();
            await app.ServeAsync();
            return 0;
        }
        catch (StartupException refusal)
        {
            await Console.Error.WriteLineAsync(refusal.Message);
            return 1;
        }
    }

    /// <summary>Puts the service together; nothing runs yet.</summary>
    /// <exception cref="StartupException">A setting or the command is wrong.</exception>
    internal static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var options = Settings.Read(builder.Configuration);
        // Migrating is done beside a running service, too.
        if (Commands.Read(args) != Commands.Migrate) ListenAddresses.Choose(builder, options);

        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(options.Limits);
        builder.Services.AddSingleton(options.Retention);
        var location = Settings.Location(options, builder.Configuration);
        builder.Services.AddStorage(location);
        builder.AddHttpConventions(options);
        builder.AddTelemetry();
        builder.Services.AddSwagger(options);
        builder.Services.AddDatasets();
        builder.Services.AddTrainingJobs(options.Role, location);
        builder.Services.AddModels(location);
        builder.Services.AddPredictions();
        builder.Services.AddGenerate();
        if (Commands.Read(args) == Commands.Demo) DemoCommand.Quieten(builder.Logging);

        var app = builder.Build();
        app.MakeModel();
        app.UseHttpConventions();
        app.MapHealth();
        app.MapPrometheusScrapingEndpoint("/metrics");
        if (options.Role == ServiceRole.Worker) return app;
        app.UseSwaggerPage();
        // Who may see it is decided for every address in ApiKeyMiddleware.
        app.MapHangfireDashboard("/hangfire", new DashboardOptions { Authorization = [], DashboardTitle = "RnnService", DisplayStorageConnectionString = false });
        app.MapDatasets(options.Limits);
        app.MapTrainingJobs();
        app.MapSweeps();
        app.MapVerification();
        app.MapModels();
        // The way of a prediction: Predictions/ClassifyEndpoints, Rnn/Models/SequenceClassifier, Rnn/Cells/RecurrentCell, Rnn/Kernels/MatMul.
        app.MapPredictions();
        app.MapGenerate();
        return app;
    }
}
