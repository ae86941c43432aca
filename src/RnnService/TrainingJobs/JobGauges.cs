using System.Diagnostics.Metrics;
using Microsoft.EntityFrameworkCore;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>How many jobs there are in each status, asked of the database whenever somebody reads the metrics; those that are <c>queued</c> are the queue's length.</summary>
internal sealed class JobGauges : IHostedService
{
    private readonly IDbContextFactory<RnnDbContext> _contexts;

    public JobGauges(IMeterFactory meters, IDbContextFactory<RnnDbContext> contexts)
    {
        _contexts = contexts;
        // The factory's meter ends with this host; the others count for the process.
        meters.Create(Telemetry.Name).CreateObservableGauge("rnnservice.jobs", Count, description: "Training jobs by status.");
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private IEnumerable<Measurement<int>> Count()
    {
        using var context = _contexts.CreateDbContext();
        var counts = context.TrainingJobs.GroupBy(job => job.Status).Select(group => new { Status = group.Key, Jobs = group.Count() }).ToDictionary(group => group.Status, group => group.Jobs);
        // A status without jobs is 0 rather than absent: alerts compare it.
        return [.. Enum.GetValues<JobStatus>().Select(status => new Measurement<int>(counts.GetValueOrDefault(status), new KeyValuePair<string, object?>("status", SnakeCaseEnum<JobStatus>.Write(status))))];
    }
}
