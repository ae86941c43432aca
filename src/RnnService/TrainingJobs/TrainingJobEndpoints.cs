using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;
using RnnService.TrainingJobs.Insight;
using RnnService.TrainingJobs.Sweeps;

namespace RnnService.TrainingJobs;

/// <summary>The doors to training jobs.</summary>
internal static class TrainingJobEndpoints
{
    /// <summary>Maps <c>/api/v1/training-jobs</c>.</summary>
    public static void MapTrainingJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/api/v1/training-jobs").WithTags("Training jobs");
        jobs.MapPost("/", Create).Idempotent().WithProblems(400, 409, 422, 507).WithExample(TrainingJobExamples.Request, TrainingJobExamples.Job);
        jobs.MapGet("/", List).WithProblems(422).WithExample(null, TrainingJobExamples.List);
        var job = jobs.MapGroup("/{id}").AddEndpointFilter(FindByName);
        job.MapGet("/", Get).WithProblems(404).WithExample(null, TrainingJobExamples.Job).WithParameterExample("id", TrainingJobExamples.Name);
        job.MapDelete("/", Delete).WithProblems(404, 409);
        job.MapPost("/cancel", Cancel).WithProblems(404, 409).WithExample(null, TrainingJobExamples.Job).WithParameterExample("id", TrainingJobExamples.Name);
        job.MapPost("/resume", Resume).WithProblems(404, 409).WithExample(null, TrainingJobExamples.Job).WithParameterExample("id", TrainingJobExamples.Name);
        job.MapGet("/metrics", Metrics).Produces<string>(200, "text/csv").WithProblems(404, 422)
            .WithExample(null, TrainingJobExamples.Metrics).WithParameterExample("id", TrainingJobExamples.Name);
        job.MapGet("/events", Events).Produces<string>(200, EventStream.MediaType).WithProblems(400, 404, 422, 503)
            .WithExample(null, TrainingJobExamples.Events).WithParameterExample("id", TrainingJobExamples.Name);
        job.MapInsight();
    }

    // A name given to a job finds the newest of that name: ids are for programs, names for people and examples.
    private static async ValueTask<object?> FindByName(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        var given = call.GetArgument<string>(0);
        await using var context = await call.HttpContext.RequestServices.GetRequiredService<IDbContextFactory<RnnDbContext>>().CreateDbContextAsync(call.HttpContext.RequestAborted);
        var id = await context.TrainingJobs.Where(job => job.Id == given || job.Name == given)
            .OrderBy(job => job.Id == given ? 0 : 1).ThenByDescending(job => job.Id).Select(job => job.Id).FirstOrDefaultAsync(call.HttpContext.RequestAborted);
        call.Arguments[0] = id ?? given;
        return await next(call);
    }

    /// <summary>Starts a training job</summary>
    /// <remarks>
    /// Only <c>dataset</c> and <c>model</c> are required; the answer echoes the whole resolved spec. With <c>dry_run=true</c> nothing is created: the answer is 200 with the
    /// resolved spec, the number of weights and updates, and memory and time as estimated by training for a moment.
    /// </remarks>
    /// <param name="request">What to train.</param>
    /// <param name="dry_run">Only estimate.</param>
    /// <param name="submission">Turns it into a job.</param>
    /// <param name="estimate">Estimates what it would be.</param>
    /// <param name="http">The request.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Accepted<TrainingJobResponse>, Ok<DryRunResponse>, ProblemResult>> Create(
        TrainingJobRequest request, bool? dry_run, JobSubmission submission, DryRun estimate, HttpContext http, CancellationToken cancellationToken)
    {
        if (dry_run is true) return TypedResults.Ok(await estimate.EstimateAsync(await submission.CheckAsync(request, cancellationToken), cancellationToken));
        return await submission.SubmitAsync(request, http);
    }

    /// <summary>Lists training jobs, newest first</summary>
    /// <param name="query">Which page.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Ok<Page<TrainingJobResponse>>, ProblemResult>> List(
        [AsParameters] PageQuery query, IDbContextFactory<RnnDbContext> contexts, CancellationToken cancellationToken)
    {
        if (query.Check() is { } problem) return problem;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await context.TrainingJobs.AsNoTracking()
            .Where(job => query.After == null || string.Compare(job.Id, query.After) < 0)
            .OrderByDescending(job => job.Id).Take(query.Size + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(query.Of(rows, TrainingJobResponse.Of, row => row.Id));
    }

    /// <summary>Shows a training job</summary>
    /// <param name="id">The job's id, or its name: then the newest of that name.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Ok<TrainingJobResponse>, ProblemResult>> Get(string id, IDbContextFactory<RnnDbContext> contexts, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.TrainingJobs.AsNoTracking().FirstOrDefaultAsync(job => job.Id == id, cancellationToken) is { } row
            ? TypedResults.Ok(TrainingJobResponse.Of(row)) : Missing(id);
    }

    /// <summary>Deletes a training job that has ended</summary>
    /// <remarks>Its measurements and checkpoints go with it; the version it published stays.</remarks>
    /// <param name="id">The job's id, or its name: then the newest of that name.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="blobs">The stored blobs.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<NoContent, ProblemResult>> Delete(string id, IDbContextFactory<RnnDbContext> contexts, Blobs blobs, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var owned = await context.Checkpoints.Where(row => row.JobId == id).Select(row => row.BlobId).ToListAsync(cancellationToken);
        var deleted = await Ended(context, id).Where(job => !context.Sweeps.Any(sweep => sweep.Id == job.SweepId && sweep.FinishedAt == null)).ExecuteDeleteAsync(cancellationToken);
        if (deleted == 0)
            return await Ended(context, id).AnyAsync(cancellationToken)
                ? Problems.Conflict($"The job {id} is part of a sweep that goes on.", "Wait for the sweep's end, or cancel the sweep.")
                : await context.TrainingJobs.AnyAsync(job => job.Id == id, cancellationToken)
                ? Problems.Conflict($"The job {id} has not ended.", $"POST /api/v1/training-jobs/{id}/cancel first.") : Missing(id);
        foreach (var blob in owned) await blobs.DeleteAsync(blob, CancellationToken.None);
        return TypedResults.NoContent();
    }

    /// <summary>Stops a training job</summary>
    /// <remarks>The best weights so far are published if an epoch was completed. Asking again changes nothing.</remarks>
    /// <param name="id">The job's id, or its name: then the newest of that name.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="running">The jobs of this process.</param>
    /// <param name="registry">The models.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Accepted<TrainingJobResponse>, ProblemResult>> Cancel(
        string id, IDbContextFactory<RnnDbContext> contexts, RunningJobs running, ModelRegistry registry, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow().UtcDateTime;
        await using (var transaction = await context.Database.BeginTransactionAsync(cancellationToken))
        {
            var hasEnded = await JobCancellation.CancelAsync(context, id, now, cancellationToken);
            var sweep = hasEnded ? await context.TrainingJobs.Where(job => job.Id == id).Select(job => job.SweepId).SingleAsync(cancellationToken) : null;
            if (sweep is not null) await SweepEnding.SettleAsync(context, sweep, 1, null, now, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            // It may have been the last of its sweep, which then has published the best.
            if (sweep is not null) registry.Forget();
        }

        running.Cancel(id);
        var row = await context.TrainingJobs.AsNoTracking().FirstOrDefaultAsync(job => job.Id == id, cancellationToken);
        if (row is null) return Missing(id);
        return row.Status is JobStatus.Succeeded or JobStatus.Failed
            ? Problems.Conflict($"The job {id} has ended already.", "Only queued and running jobs can be cancelled.")
            : TypedResults.Accepted($"/api/v1/training-jobs/{id}", TrainingJobResponse.Of(row));
    }

    /// <summary>Resumes a cancelled or failed training job</summary>
    /// <remarks>It goes on from its last checkpoint, or from the start if it has none.</remarks>
    /// <param name="id">The job's id, or its name: then the newest of that name.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="queue">Takes the job to a worker.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Accepted<TrainingJobResponse>, ProblemResult>> Resume(
        string id, IDbContextFactory<RnnDbContext> contexts, JobQueue queue, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        // Whoever deletes its dataset at this moment either has done it before the next statement looks, or finds the job resumed.
        if (await context.TrainingJobs.Where(job => job.Id == id).Select(job => job.DatasetId).FirstOrDefaultAsync(cancellationToken) is { } dataset)
            await context.LockAsync(dataset, cancellationToken);
        var changed = await Ended(context, id).Where(job => job.Status != JobStatus.Succeeded && job.SweepId == null && context.Datasets.Any(set => set.Id == job.DatasetId))
            .ExecuteUpdateAsync(set => set
                .SetProperty(job => job.Status, JobStatus.Queued)
                .SetProperty(job => job.CancelRequested, false)
                .SetProperty(job => job.Attempt, 0)
                .SetProperty(job => job.Error, (string?)null)
                .SetProperty(job => job.FinishedAt, (DateTime?)null), cancellationToken);
        if (changed > 0)
        {
            // It was not the last event after all, and a stream ends at it.
            await context.Events.Where(happened => happened.JobId == id && happened.Kind == EventKind.Done).ExecuteDeleteAsync(cancellationToken);
            await JobEvents.AppendStatusAsync(context, id, time.GetUtcNow().UtcDateTime, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        var row = await context.TrainingJobs.AsNoTracking().FirstOrDefaultAsync(job => job.Id == id, cancellationToken);
        if (row is null) return Missing(id);
        if (changed == 0 && row.SweepId is not null)
            return Problems.Conflict($"The job {id} is part of the sweep {row.SweepId}, which has compared it already.", "Post its spec to /api/v1/training-jobs as a job of its own.");
        if (changed == 0)
            return row.Status is JobStatus.Failed or JobStatus.Cancelled
                ? Problems.Conflict($"The dataset of the job {id} was deleted.", "Upload it again and start a new job.")
                : Problems.Conflict($"The job {id} is {SnakeCaseEnum<JobStatus>.Write(row.Status)}.", "Only cancelled and failed jobs can be resumed.");
        queue.Enqueue(id, row.Fence);
        return TypedResults.Accepted($"/api/v1/training-jobs/{id}", TrainingJobResponse.Of(row));
    }

    /// <summary>Lists a job's measurements, ascending by step</summary>
    /// <remarks>With <c>Accept: text/csv</c> the same as CSV.</remarks>
    /// <param name="id">The job's id, or its name: then the newest of that name.</param>
    /// <param name="max_points">At most so many points, evenly spread over the steps.</param>
    /// <param name="http">The request.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Ok<MetricsResponse>, ContentHttpResult, ProblemResult>> Metrics(
        string id, int? max_points, HttpContext http, IDbContextFactory<RnnDbContext> contexts, CancellationToken cancellationToken)
    {
        if (max_points is < 1)
            return Problems.Invalid($"max_points is {max_points}; it must be at least 1.", "Leave max_points out for all points.");
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (!await context.TrainingJobs.AnyAsync(job => job.Id == id, cancellationToken)) return Missing(id);
        IReadOnlyList<MetricPoint> points = await context.Metrics.Where(row => row.JobId == id).OrderBy(row => row.Step).ThenBy(row => row.Id)
            .Select(row => new MetricPoint(row.Step, row.Epoch, row.Split, row.Name, row.Value)).ToListAsync(cancellationToken);
        if (max_points is int most) points = MetricsThinning.Thin(points, most);
        var wantsCsv = http.Request.GetTypedHeaders().Accept.OrderByDescending(type => type.Quality ?? 1).FirstOrDefault()?.MediaType == "text/csv";
        return wantsCsv ? TypedResults.Text(Csv(points), "text/csv", Encoding.UTF8) : TypedResults.Ok(new MetricsResponse(points));
    }

    /// <summary>Streams what happens to a job, as server-sent events</summary>
    /// <remarks>
    /// First all that has happened, then what happens, to the last event <c>done</c>. Kinds: <c>status</c>, <c>progress</c> (twice a second;
    /// older ones are forgotten), <c>metrics</c>, <c>sample</c> (a few held-out rows with what the network now answers, at most once a second), <c>gradient_flow</c>, <c>warning</c> and <c>done</c>. A client that comes back with the last number it has seen gets
    /// the rest, and 204 if there is none to come. A comment line every 15 seconds keeps the connection open.
    /// </remarks>
    /// <param name="id">The job's id, or its name: then the newest of that name.</param>
    /// <param name="lastEventId">Number of the last event that was received, to go on after it; browsers send it by themselves.</param>
    /// <param name="last_event_id">The same for clients that cannot set headers; the header, which is newer, goes first.</param>
    /// <param name="http">The request.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="events">The job's events.</param>
    /// <param name="streams">The open streams.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<EmptyHttpResult, NoContent, ProblemResult>> Events(
        string id, [FromHeader(Name = "Last-Event-ID")] string? lastEventId, string? last_event_id, HttpContext http,
        IDbContextFactory<RnnDbContext> contexts, JobEventReader events, EventStreams streams, CancellationToken cancellationToken)
    {
        var given = string.IsNullOrEmpty(lastEventId) ? last_event_id : lastEventId;
        var after = 0L;
        if (!string.IsNullOrEmpty(given) && !long.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out after))
            return Problems.Malformed($"Last-Event-ID is '{ClientText.Shorten(given)}'; it must be the number of an event.", "Send the id of the last event received, or leave it out for all events.");
        TrainingJobRow? row;
        await using (var context = await contexts.CreateDbContextAsync(cancellationToken))
            row = await context.TrainingJobs.AsNoTracking().FirstOrDefaultAsync(job => job.Id == id, cancellationToken);
        if (row is null) return Missing(id);
        if (after > row.LastEvent)
            return Problems.Invalid($"Last-Event-ID is {after}; the job's newest event is {row.LastEvent}.", "Send the id of the last event received, or leave it out for all events.");
        // Browsers come back when a stream has ended; this is how HTML has them stay away.
        if (row.FinishedAt is not null && after == row.LastEvent) return TypedResults.NoContent();
        var busy = await streams.AnswerAsync(http, (stream, ends) => events.FollowAsync(id, after, stream, ends));
        return busy is null ? TypedResults.Empty : busy;
    }

    private static string Csv(IReadOnlyList<MetricPoint> points)
    {
        var text = new StringBuilder("step,epoch,split,name,value\n");
        foreach (var point in points)
            text.Append(CultureInfo.InvariantCulture, $"{point.Step},{point.Epoch},{point.Split},{point.Name},{point.Value:R}\n");
        return text.ToString();
    }

    private static IQueryable<TrainingJobRow> Ended(RnnDbContext context, string id) => context.TrainingJobs
        .Where(job => job.Id == id && (job.Status == JobStatus.Succeeded || job.Status == JobStatus.Failed || job.Status == JobStatus.Cancelled));

    private static ProblemResult Missing(string id) => Problems.NotFound("training job", id, "GET /api/v1/training-jobs lists them.");
}
