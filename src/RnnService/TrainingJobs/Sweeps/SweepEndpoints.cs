using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;

namespace RnnService.TrainingJobs.Sweeps;

/// <summary>The doors to sweeps.</summary>
internal static class SweepEndpoints
{
    /// <summary>Maps <c>/api/v1/sweeps</c>.</summary>
    public static void MapSweeps(this IEndpointRouteBuilder routes)
    {
        var sweeps = routes.MapGroup("/api/v1/sweeps").WithTags("Sweeps");
        sweeps.MapPost("/", Create).Idempotent().WithProblems(400, 409, 422, 507).WithExample(SweepExamples.Request, SweepExamples.Sweep);
        sweeps.MapGet("/", List).WithProblems(422).WithExample(null, SweepExamples.List);
        sweeps.MapGet("/{id}", Get).WithProblems(404).WithExample(null, SweepExamples.Sweep).WithParameterExample("id", SweepExamples.Name);
        sweeps.MapPost("/{id}/cancel", Cancel).WithProblems(404, 409).WithExample(null, SweepExamples.Sweep).WithParameterExample("id", SweepExamples.Name);
    }

    /// <summary>Starts a sweep</summary>
    /// <remarks>
    /// The body of a training job, and under <c>grid</c> lists of values by path: every combination becomes an ordinary job that names the sweep, and all of them are refused if one cannot be carried out.
    /// The jobs publish nothing themselves: when the last has ended the best, by <c>objective</c>, becomes the model's next version.
    /// </remarks>
    /// <param name="request">What to train, and what to try.</param>
    /// <param name="submission">Turns it into jobs.</param>
    /// <param name="http">The request.</param>
    private static async Task<Results<Accepted<SweepResponse>, ProblemResult>> Create(SweepRequest request, SweepSubmission submission, HttpContext http) =>
        await submission.SubmitAsync(request, http);

    /// <summary>Lists sweeps, newest first</summary>
    /// <param name="query">Which page.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Ok<Page<SweepResponse>>, ProblemResult>> List([AsParameters] PageQuery query, IDbContextFactory<RnnDbContext> contexts, CancellationToken cancellationToken)
    {
        if (query.Check() is { } problem) return problem;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await context.Sweeps.AsNoTracking().Where(sweep => query.After == null || string.Compare(sweep.Id, query.After) < 0)
            .OrderByDescending(sweep => sweep.Id).Take(query.Size + 1).ToListAsync(cancellationToken);
        var ids = rows.ConvertAll(row => row.Id);
        var jobs = (await context.TrainingJobs.AsNoTracking().Where(job => ids.Contains(job.SweepId!)).ToListAsync(cancellationToken)).ToLookup(job => job.SweepId);
        return TypedResults.Ok(query.Of(rows, row => SweepResponse.Of(row, [.. jobs[row.Id]], withResults: false), row => row.Id));
    }

    /// <summary>Shows a sweep, with a row for every combination, the best first</summary>
    /// <param name="id">The sweep's id, or its name: then the newest of that name.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Ok<SweepResponse>, ProblemResult>> Get(string id, IDbContextFactory<RnnDbContext> contexts, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await FindAsync(context, id, cancellationToken) is { } sweep ? TypedResults.Ok(await ShowAsync(context, sweep, cancellationToken)) : Missing(id);
    }

    /// <summary>Stops all jobs of a sweep</summary>
    /// <remarks>The best weights so far are published if a job completed an epoch. Asking again changes nothing.</remarks>
    /// <param name="id">The sweep's id, or its name: then the newest of that name.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="running">The jobs of this process.</param>
    /// <param name="registry">The models.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Accepted<SweepResponse>, ProblemResult>> Cancel(
        string id, IDbContextFactory<RnnDbContext> contexts, RunningJobs running, ModelRegistry registry, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (await FindAsync(context, id, cancellationToken) is not { } sweep) return Missing(id);
        if (sweep.Status is JobStatus.Succeeded or JobStatus.Failed)
            return Problems.Conflict($"The sweep {sweep.Id} has ended already.", "Only sweeps that go on can be cancelled.");
        var jobs = await context.TrainingJobs.Where(job => job.SweepId == sweep.Id).OrderBy(job => job.Id).Select(job => job.Id).ToListAsync(cancellationToken);
        await using (var transaction = await context.Database.BeginTransactionAsync(cancellationToken))
        {
            var (now, ended) = (time.GetUtcNow().UtcDateTime, 0);
            // The jobs before the sweep, as a job does that ends: nobody waits for another in a circle.
            foreach (var job in jobs)
                if (await JobCancellation.CancelAsync(context, job, now, cancellationToken)) ended++;
            await context.Sweeps.Where(row => row.Id == sweep.Id && row.FinishedAt == null).ExecuteUpdateAsync(set => set.SetProperty(row => row.Status, JobStatus.Cancelling), cancellationToken);
            if (ended > 0) await SweepEnding.SettleAsync(context, sweep.Id, ended, null, now, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        foreach (var job in jobs) running.Cancel(job);
        registry.Forget();
        return TypedResults.Accepted($"/api/v1/sweeps/{sweep.Id}", await ShowAsync(context, (await FindAsync(context, sweep.Id, cancellationToken))!, cancellationToken));
    }

    private static Task<SweepRow?> FindAsync(RnnDbContext context, string given, CancellationToken cancellationToken) => context.Sweeps.AsNoTracking()
        .Where(sweep => sweep.Id == given || sweep.Name == given).OrderBy(sweep => sweep.Id == given ? 0 : 1).ThenByDescending(sweep => sweep.Id).FirstOrDefaultAsync(cancellationToken);

    private static async Task<SweepResponse> ShowAsync(RnnDbContext context, SweepRow sweep, CancellationToken cancellationToken) =>
        SweepResponse.Of(sweep, await context.TrainingJobs.AsNoTracking().Where(job => job.SweepId == sweep.Id).OrderBy(job => job.Id).ToListAsync(cancellationToken), withResults: true);

    private static ProblemResult Missing(string id) => Problems.NotFound("sweep", Names.Shorten(id), "GET /api/v1/sweeps lists them.");
}
