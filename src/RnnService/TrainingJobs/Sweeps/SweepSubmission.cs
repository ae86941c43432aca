using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using RnnService.Http;
using RnnService.Storage;

namespace RnnService.TrainingJobs.Sweeps;

/// <summary>Turns a sweep's body into its jobs, all of them or, with the reasons, none.</summary>
internal sealed class SweepSubmission(IDbContextFactory<RnnDbContext> contexts, JobSubmission submission, TrainTestOverlap overlap, JobQueue queue, Limits limits, TimeProvider time)
{
    // As many as of a file's lines.
    private const int MostErrors = 20;

    /// <summary>Checks every combination, stores the sweep with its jobs in one transaction and hands them to workers.</summary>
    /// <exception cref="ProblemException">A combination cannot be carried out.</exception>
    public async Task<Accepted<SweepResponse>> SubmitAsync(SweepRequest request, HttpContext http)
    {
        var cancellationToken = http.RequestAborted;
        if (request.Name is not null && Names.Check("/name", request.Name) is { } problem) throw new ProblemException(problem);
        var combinations = SweepGrid.Combinations(request, limits);
        var checkedRequests = await CheckAsync(combinations, cancellationToken);
        var first = checkedRequests[0];
        var objective = Objective(request.Objective, first);
        var overlaps = await overlap.WarningsAsync(first.Training, first.Validation, first.Test, cancellationToken);

        var now = time.GetUtcNow();
        var sweep = new SweepRow
        {
            Id = Ids.New("sweep", now),
            Name = request.Name,
            Status = JobStatus.Running,
            Model = request.Model,
            Dataset = first.Training.Name,
            Objective = objective,
            GridJson = JsonSerializer.Serialize(request.Grid, JsonConventions.Stored),
            Jobs = combinations.Count,
            CreatedAt = now.UtcDateTime,
        };
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await submission.EnsureRoomAsync(context, combinations.Count, cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        context.Sweeps.Add(sweep);
        List<TrainingJobRow> jobs = [];
        foreach (var (resolved, combination) in checkedRequests.Zip(combinations))
        {
            // Ids sort by time, 100 ns apart: the jobs run, and are compared, in the order of the grid.
            var row = JobSubmission.NewJob(resolved with { Warnings = [.. resolved.Warnings, .. overlaps] }, now.AddTicks(jobs.Count));
            (row.SweepId, row.SweepValuesJson) = (sweep.Id, JsonSerializer.Serialize(combination.Values, JsonConventions.Stored));
            context.TrainingJobs.Add(row);
            JobEvents.AddFirst(context, row, [JobEvent.OfStatus(row.Status), .. resolved.Warnings.Concat(overlaps).Select(JobEvent.OfWarning)]);
            jobs.Add(row);
        }

        // All have the same datasets.
        await JobSubmission.HoldDatasetsAsync(context, jobs[0], cancellationToken);
        await context.SaveChangesAsync(cancellationToken);
        var answer = TypedResults.Accepted($"/api/v1/sweeps/{sweep.Id}", SweepResponse.Of(sweep, jobs, withResults: true));
        await IdempotencyTicket.KeepAsync(http, context, answer);
        await transaction.CommitAsync(cancellationToken);
        foreach (var job in jobs) queue.Enqueue(job.Id, job.Fence);
        return answer;
    }

    private async Task<IReadOnlyList<CheckedRequest>> CheckAsync(IReadOnlyList<Combination> combinations, CancellationToken cancellationToken)
    {
        List<CheckedRequest> accepted = [];
        List<(Combination Combination, ProblemResult Problem)> refused = [];
        foreach (var combination in combinations)
        {
            try
            {
                accepted.Add(await submission.ResolveAsync(combination.Request, cancellationToken));
            }
            catch (ProblemException refusal)
            {
                refused.Add((combination, refusal.Problem));
            }
        }

        return refused.Count == 0 ? accepted : throw new ProblemException(Refusal(refused, combinations.Count));
    }

    /// <summary>One problem of all that were refused; what is wrong with every combination, and not by a value of the grid, keeps its own place.</summary>
    private static ProblemResult Refusal(List<(Combination Combination, ProblemResult Problem)> refused, int combinations)
    {
        var (_, first) = refused[0];
        bool isOfGrid(ProblemError error) => refused.Any(one => one.Combination.Pointers.Keys.Any(path => error.Pointer == Pointer(path)));
        if (refused.Count == combinations && first.Errors is { } same && !same.Any(isOfGrid) && refused.All(one => one.Problem.Detail == first.Detail))
            return first;
        ProblemError[] errors = [.. refused.SelectMany(one => Errors(one.Combination, one.Problem)).Distinct().Take(MostErrors)];
        return Problems.Invalid($"{refused.Count} of {combinations} combinations cannot be accepted; the first: {first.Detail}", string.Join(" ", refused.Select(one => one.Problem.Hint).Distinct()), errors);
    }

    /// <summary>At the value of the grid that is wrong; what is wrong elsewhere, or with the whole, at each value of the combination.</summary>
    private static IEnumerable<ProblemError> Errors(Combination combination, ProblemResult problem)
    {
        foreach (var error in problem.Errors ?? [new ProblemError { Detail = problem.Detail }])
        {
            var own = combination.Pointers.Where(pointer => Pointer(pointer.Key) == error.Pointer).Select(pointer => ProblemError.At(pointer.Value, error.Detail)).ToList();
            foreach (var placed in own.Count > 0 ? own : combination.Pointers.Values.Select(pointer => ProblemError.At(pointer, $"With {combination.Named}: {error.Detail}")))
                yield return placed;
        }
    }

    private static string Pointer(string path) => $"/{path.Replace('.', '/')}";

    private static string Objective(string? given, CheckedRequest request)
    {
        string[] available = [.. SweepObjective.Available(request.Training.Task, request.Test is not null)];
        var objective = given ?? SweepObjective.Default;
        return available.Contains(objective) ? objective : throw new ProblemException(Problems.InvalidField("/objective",
            $"objective is \"{ClientText.Shorten(objective)}\", which is not measured here.", $"Available for this sweep: {string.Join(", ", available)}."));
    }
}
