using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Rnn.Data;
using RnnService.Http;
using RnnService.Registry;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>Turns a request into a job that cannot be wrong, or refuses it with the reason.</summary>
internal sealed class JobSubmission(IDbContextFactory<RnnDbContext> contexts, ModelRegistry registry, TrainTestOverlap overlap, JobQueue queue, Limits limits, TimeProvider time)
{
    private const int FewestBytesToCut = 200;

    /// <summary>Checks the request against the stored data, stores the job and hands it to a worker.</summary>
    /// <exception cref="ProblemException">It cannot be carried out.</exception>
    public async Task<Accepted<TrainingJobResponse>> SubmitAsync(TrainingJobRequest request, HttpContext http)
    {
        var checkedRequest = await CheckAsync(request, http.RequestAborted);
        return await StoreAsync(NewJob(checkedRequest, time.GetUtcNow()), checkedRequest.Warnings, http);
    }

    /// <summary>The row of a job that does what was checked.</summary>
    public static TrainingJobRow NewJob(CheckedRequest request, DateTimeOffset now) => new()
    {
        Id = Ids.New("job", now),
        Name = request.Spec.Name,
        Status = JobStatus.Queued,
        Model = request.Spec.Model,
        DatasetId = request.Training.Id,
        ValidationDatasetId = request.Validation?.Id,
        TestDatasetId = request.Test?.Id,
        SpecJson = JsonSerializer.Serialize(request.Spec, JsonConventions.Stored),
        WarningsJson = JsonSerializer.Serialize(request.Warnings, JsonConventions.Stored),
        TraceParent = Activity.Current?.Id,
        CreatedAt = now.UtcDateTime,
    };

    /// <summary>Stores a job that can be carried out, together with the answer, and hands it to a worker.</summary>
    /// <exception cref="ProblemException">Too many wait already.</exception>
    public async Task<Accepted<TrainingJobResponse>> StoreAsync(TrainingJobRow row, IReadOnlyList<string> warnings, HttpContext http)
    {
        var cancellationToken = http.RequestAborted;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await EnsureRoomAsync(context, 1, cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await HoldDatasetsAsync(context, row, cancellationToken);
        context.TrainingJobs.Add(row);
        JobEvents.AddFirst(context, row, [JobEvent.OfStatus(row.Status), .. warnings.Select(JobEvent.OfWarning)]);
        await context.SaveChangesAsync(cancellationToken);
        var answer = TypedResults.Accepted($"/api/v1/training-jobs/{row.Id}", TrainingJobResponse.Of(row));
        await IdempotencyTicket.KeepAsync(http, context, answer);
        await transaction.CommitAsync(cancellationToken);
        queue.Enqueue(row.Id, row.Fence);
        return answer;
    }

    /// <summary>Keeps the datasets of a job from being deleted until the transaction that stores it ends.</summary>
    /// <exception cref="ProblemException">One of them was deleted since it was looked at.</exception>
    public static async Task HoldDatasetsAsync(RnnDbContext context, TrainingJobRow row, CancellationToken cancellationToken)
    {
        (string Pointer, string? Id)[] wanted = [("/dataset", row.DatasetId), ("/validation_dataset", row.ValidationDatasetId), ("/test_dataset", row.TestDatasetId)];
        // In one order, whatever a job uses them for: two that want the same never wait for each other.
        foreach (var (pointer, id) in wanted.Where(dataset => dataset.Id is not null).OrderBy(dataset => dataset.Id, StringComparer.Ordinal))
        {
            await context.LockAsync(id!, cancellationToken);
            if (!await context.Datasets.AnyAsync(dataset => dataset.Id == id, cancellationToken))
                throw new ProblemException(Problems.InvalidField(pointer, "The dataset was deleted at this moment.", "Upload it again."));
        }
    }

    /// <summary>Refuses more jobs than may wait.</summary>
    /// <exception cref="ProblemException">Too many wait already.</exception>
    public async Task EnsureRoomAsync(RnnDbContext context, int jobs, CancellationToken cancellationToken)
    {
        var waiting = await context.TrainingJobs.CountAsync(job => job.Status == JobStatus.Queued, cancellationToken);
        if (waiting + jobs > limits.QueuedJobs)
            throw new ProblemException(Problems.RateLimited($"{waiting} jobs are waiting already, and at most {limits.QueuedJobs} may.", "Try again when a job has ended, or raise the setting RnnService:Limits:QueuedJobs.", TimeSpan.FromSeconds(30)));
    }

    /// <summary>Everything that can be known before the job runs.</summary>
    /// <exception cref="ProblemException">It cannot be carried out.</exception>
    public async Task<CheckedRequest> CheckAsync(TrainingJobRequest request, CancellationToken cancellationToken)
    {
        var resolved = await ResolveAsync(request, cancellationToken);
        return resolved with { Warnings = [.. resolved.Warnings, .. await overlap.WarningsAsync(resolved.Training, resolved.Validation, resolved.Test, cancellationToken)] };
    }

    /// <summary>The same but for what only reading the datasets tells: rows that are in two of them.</summary>
    /// <exception cref="ProblemException">It cannot be carried out.</exception>
    public async Task<CheckedRequest> ResolveAsync(TrainingJobRequest request, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        Refuse(Names.Check("/model", request.Model));
        if (request.Name is not null) Refuse(Names.Check("/name", request.Name));
        var training = await FindAsync(context, "/dataset", request.Dataset, cancellationToken);
        var validation = request.ValidationDataset is null ? null : await FindAsync(context, "/validation_dataset", request.ValidationDataset, cancellationToken);
        var test = request.TestDataset is null ? null : await FindAsync(context, "/test_dataset", request.TestDataset, cancellationToken);
        var otherTask = await context.Models.Where(model => model.Name == request.Model && model.Task != training.Row.Task).Select(model => (LearningTask?)model.Task).FirstOrDefaultAsync(cancellationToken);
        if (otherTask is { } task)
            throw new ProblemException(Problems.InvalidField("/model", $"The model '{request.Model}' is for {SnakeCaseEnum<LearningTask>.Write(task)}.", "Choose another model name: all versions of a model are for one task."));
        if (validation is not null) Match("/validation_dataset", training, validation);
        if (test is not null) Match("/test_dataset", training, test);

        if (validation is null && training.Row is { Rows: < 2, Format: not DatasetFormat.Text })
            throw new ProblemException(Problems.InvalidField("/dataset", $"The dataset '{training.Row.Name}' has one row, and a part of the rows is held out for validation.", "Send more rows, or a validation_dataset."));
        if (validation is null && training.Row is { Task: LearningTask.LanguageModeling, Bytes: < FewestBytesToCut })
            throw new ProblemException(Problems.InvalidField("/dataset", $"The dataset '{training.Row.Name}' has {training.Row.Bytes} bytes of text, too few to hold a part out for validation.", $"Send at least {FewestBytesToCut} bytes, or a validation_dataset."));
        var errors = new FieldErrors();
        var facts = training.Facts;
        var (reference, start) = request.InitFrom is null ? (null, null) : await StartAsync(context, request.InitFrom, training, cancellationToken);
        var spec = SpecResolver.Resolve(
            request with { Dataset = training.Row.Name, ValidationDataset = validation?.Row.Name, TestDataset = test?.Row.Name, InitFrom = reference }, facts, start, errors);
        if (spec is null) throw new ProblemException(Invalid(errors.Found));
        var cost = SpecCost.Estimate(spec, training.StepsFor(spec), training.Row.Bytes + (validation?.Row.Bytes ?? 0) + (test?.Row.Bytes ?? 0));
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (cost.MemoryBytes > available)
            throw new ProblemException(Problems.Invalid($"Training would need about {Megabytes(cost.MemoryBytes)} MB of memory; this machine has {Megabytes(available)} MB.",
                "Make network.hidden_size, network.embedding_size, tokenizer.vocabulary_size or training.batch_size smaller."));
        return new CheckedRequest(spec, training.Row, validation?.Row, test?.Row, cost, [.. JobDoctor.Warnings(spec, training, validation, test)]);
    }

    private static async Task<StoredDataset> FindAsync(RnnDbContext context, string pointer, string name, CancellationToken cancellationToken)
    {
        var row = await context.Datasets.AsNoTracking().FirstOrDefaultAsync(dataset => dataset.Name == name || dataset.Id == name, cancellationToken)
            ?? throw new ProblemException(Problems.InvalidField(pointer, $"There is no dataset '{Names.Shorten(name)}'.", "GET /api/v1/datasets lists them; POST /api/v1/datasets makes one."));
        return StoredDataset.Of(row);
    }

    /// <summary>The version a job starts from, and its spec; its codec must fit the training data.</summary>
    private async Task<(string Reference, TrainingSpec Spec)> StartAsync(RnnDbContext context, string given, StoredDataset training, CancellationToken cancellationToken)
    {
        static ProblemException refused(string detail, string instead) => new(Problems.InvalidField("/init_from", detail, instead));
        if (await registry.ResolveAsync(given, cancellationToken) is not { } found)
            throw refused($"There is no model '{Names.Shorten(given)}'.", "A reference is name, name:3 or name@alias; GET /api/v1/models lists the models.");
        var (task, wanted) = (SnakeCaseEnum<LearningTask>.Write(found.Task), SnakeCaseEnum<LearningTask>.Write(training.Row.Task));
        if (task != wanted) throw refused($"The model '{found.Model}' is for {task}, the training dataset for {wanted}.", "Start from a model of the same task.");
        var codec = (await registry.LoadAsync(found)).Model.Codec;
        if (codec.FeatureSize != training.Facts.FeatureSize)
            throw refused($"The model '{found.Model}' reads {(codec.FeatureSize == 0 ? "text" : $"{codec.FeatureSize} numbers a step")}, the training dataset has {training.Kind}.", "Start from a model of the same kind of input.");
        if (training.Labels.Keys.FirstOrDefault(label => !codec.Labels.Contains(label)) is { } unknown)
            throw refused($"The model '{found.Model}' does not know the label {Names.Shorten(unknown)}.", $"Use its labels: {string.Join(", ", codec.Labels.Take(20).Select(Names.Shorten))}.");
        var stored = await context.ModelVersions.Where(row => row.Model == found.Model && row.Version == found.Version).Select(row => row.SpecJson).FirstAsync(cancellationToken);
        var spec = JsonSerializer.Deserialize<TrainingSpec>(stored, JsonConventions.Stored)!;
        // Whole words are tokens; letters and parts of words know none of a row's tokens.
        if (training.Facts.Input == InputKind.Tokens && spec.Tokenizer is { Kind: not TokenizerKind.Word } parts)
            throw refused($"The model '{found.Model}' reads text by {SnakeCaseEnum<TokenizerKind>.Write(parts.Kind)}, the training dataset has {training.Kind}.", "Start from a model of the same kind of input.");
        return ($"{found.Model}:{found.Version}", spec);
    }

    private static void Match(string pointer, StoredDataset training, StoredDataset other)
    {
        if (other.Row.Task != training.Row.Task || other.Facts.Input != training.Facts.Input)
            throw new ProblemException(Problems.InvalidField(pointer,
                $"The dataset '{other.Row.Name}' holds {other.Kind}, the training dataset {training.Kind}.", "Send datasets of the same task and kind."));
        if (other.Facts.FeatureSize != training.Facts.FeatureSize)
            throw new ProblemException(Problems.InvalidField(pointer,
                $"Inputs of '{other.Row.Name}' have {other.Facts.FeatureSize} numbers, those of the training dataset {training.Facts.FeatureSize}.", "Send inputs of the same size."));
        if (other.Summary.FeatureNames is { } names && training.Summary.FeatureNames is { } trained && !names.SequenceEqual(trained))
            throw new ProblemException(Problems.InvalidField(pointer,
                $"The columns of '{other.Row.Name}' are named or ordered otherwise than those of the training dataset.", $"Send the columns {string.Join(", ", trained.Take(20).Select(Names.Shorten))} in this order."));
        var unknown = other.Labels.Keys.Where(label => !training.Labels.ContainsKey(label)).Take(5).ToList();
        if (unknown.Count > 0)
            throw new ProblemException(Problems.InvalidField(pointer,
                $"The dataset '{other.Row.Name}' has labels that the training dataset does not: {string.Join(", ", unknown.Select(Names.Shorten))}.",
                $"Use the labels of the training dataset: {string.Join(", ", training.Labels.Keys.Take(20).Select(Names.Shorten))}."));
    }

    private static ProblemResult Invalid(IReadOnlyList<FieldError> errors) => Problems.Invalid(
        errors.Count == 1 ? errors[0].Detail : $"{errors.Count} fields cannot be accepted; the first: {errors[0].Detail}",
        string.Join(" ", errors.Select(error => error.Hint).Distinct()),
        [.. errors.Select(error => ProblemError.At(error.Pointer, error.Detail))]);

    private static void Refuse(ProblemResult? problem)
    {
        if (problem is not null) throw new ProblemException(problem);
    }

    private static long Megabytes(long bytes) => bytes / (1024 * 1024);
}

/// <summary>A request that can be carried out, with all that is known about it.</summary>
/// <param name="Spec">The resolved spec.</param>
/// <param name="Training">The training dataset.</param>
/// <param name="Validation">The validation dataset, if given.</param>
/// <param name="Test">The test dataset, if given.</param>
/// <param name="Cost">What it will need.</param>
/// <param name="Warnings">What may surprise.</param>
internal sealed record CheckedRequest(
    TrainingSpec Spec, DatasetRow Training, DatasetRow? Validation, DatasetRow? Test, SpecCost Cost, IReadOnlyList<string> Warnings);
