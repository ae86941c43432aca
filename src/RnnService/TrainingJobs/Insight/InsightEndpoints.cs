using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using RnnService.Http;
using RnnService.Storage;

namespace RnnService.TrainingJobs.Insight;

/// <summary>The doors to what a job shows of its inside.</summary>
internal static class InsightEndpoints
{
    /// <summary>Maps them below a job.</summary>
    public static void MapInsight(this RouteGroupBuilder job)
    {
        job.MapGet("/gradient-flow", GradientFlow).Produces<string>(200, "text/csv").WithProblems(404)
            .WithExample(null, InsightExamples.GradientFlow).WithParameterExample("id", InsightExamples.Name);
        job.MapPost("/apply-advice", ApplyAdvice).Idempotent().WithProblems(400, 404, 409, 422)
            .WithExample(InsightExamples.AdviceRequest, TrainingJobExamples.Job).WithParameterExample("id", InsightExamples.Name);
    }

    /// <summary>Shows how far back gradients reach, ascending by step</summary>
    /// <remarks>
    /// For every recurrent layer and direction, at some steps of training: a loss at one step of a few held-out sequences (the last step; for cells that read from the end the first),
    /// without dropout, and the norm of its gradient at the state <c>lag</c> steps earlier. The last points are of the published weights. With <c>Accept: text/csv</c> a line for every lag.
    /// </remarks>
    /// <param name="id">The job's id, or its name: then the newest of that name.</param>
    /// <param name="http">The request.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Ok<FlowResponse>, ContentHttpResult, ProblemResult>> GradientFlow(
        string id, HttpContext http, IDbContextFactory<RnnDbContext> contexts, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (!await context.TrainingJobs.AnyAsync(job => job.Id == id, cancellationToken)) return Missing(id);
        var points = await PointsAsync(context, id, cancellationToken);
        var wantsCsv = http.Request.GetTypedHeaders().Accept.OrderByDescending(type => type.Quality ?? 1).FirstOrDefault()?.MediaType == "text/csv";
        return wantsCsv ? TypedResults.Text(Csv(points), "text/csv", Encoding.UTF8) : TypedResults.Ok(new FlowResponse(points));
    }

    /// <summary>Starts a new job with an advised change</summary>
    /// <remarks>Without a body the first advice of the newest gradient flow; the job that was advised stays as it is.</remarks>
    /// <param name="id">The job's id, or its name: then the newest of that name.</param>
    /// <param name="request">Which advice; the first, if left out.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="submission">Turns the changed spec into a job.</param>
    /// <param name="http">The request.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Accepted<TrainingJobResponse>, ProblemResult>> ApplyAdvice(
        string id, AdviceRequest? request, IDbContextFactory<RnnDbContext> contexts, JobSubmission submission, HttpContext http, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (await context.TrainingJobs.AsNoTracking().FirstOrDefaultAsync(job => job.Id == id, cancellationToken) is not { } row) return Missing(id);
        var points = await PointsAsync(context, id, cancellationToken);
        List<Advice> advice = [.. points.Where(point => point.Step == points[^1].Step).OrderBy(point => point.Verdict == Rnn.Training.GradientVerdict.Healthy).SelectMany(point => point.Advice).DistinctBy(given => given.Code)];
        if (advice.Count == 0)
            return Problems.Conflict($"There is no advice for the job {id}.", points.Count == 0 ? "Gradients have not been measured yet; wait for a gradient_flow event." : "Its gradients are as they should be; nothing has to be changed.");
        if (advice.Find(given => request?.Code is null || given.Code == request.Code) is not { } chosen)
            return Problems.InvalidField("/code", $"'{ClientText.Shorten(request!.Code!)}' is no advice for this job.", $"Send one of {string.Join(", ", advice.Select(given => given.Code))}, or no body for the first.");
        return await submission.SubmitAsync(AdviceApplication.Apply(row.SpecJson, chosen), http);
    }

    /// <summary>Of every step the newest points: a job that went back has measured some steps again.</summary>
    private static async Task<IReadOnlyList<FlowPoint>> PointsAsync(RnnDbContext context, string id, CancellationToken cancellationToken)
    {
        var stored = await context.Events.Where(row => row.JobId == id && row.Kind == EventKind.GradientFlow).OrderBy(row => row.Number).Select(row => row.Json).ToListAsync(cancellationToken);
        var measured = stored.Select(json => JsonSerializer.Deserialize<FlowResponse>(json, JsonConventions.Stored)!.Data);
        var steps = new SortedDictionary<long, IReadOnlyList<FlowPoint>>();
        foreach (var points in measured)
        {
            foreach (var later in steps.Keys.Where(step => step >= points[0].Step).ToList()) steps.Remove(later);
            steps[points[0].Step] = points;
        }

        return [.. steps.Values.SelectMany(points => points)];
    }

    private static string Csv(IReadOnlyList<FlowPoint> points)
    {
        var text = new StringBuilder("step,part,layer,direction,lag,lag_gradient_norm,cell_lag_gradient_norm\n");
        foreach (var point in points)
            for (var lag = 0; lag < point.LagGradientNorm.Count; lag++)
                text.Append(CultureInfo.InvariantCulture, $"{point.Step},{point.Part},{point.Layer},{SnakeCaseEnum<FlowDirection>.Write(point.Direction)},{lag},{point.LagGradientNorm[lag]:R},{point.CellLagGradientNorm?[lag]:R}\n");
        return text.ToString();
    }

    private static ProblemResult Missing(string id) => Problems.NotFound("training job", id, "GET /api/v1/training-jobs lists them.");
}
