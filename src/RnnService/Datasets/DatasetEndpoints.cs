using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using RnnService.Http;
using RnnService.Storage;
using RnnService.Storage.Examples;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace RnnService.Datasets;

/// <summary><c>/api/v1/datasets</c></summary>
internal static class DatasetEndpoints
{
    // Kestrel cuts a connection off beyond this; up to it a too large upload is read and thrown away, so that simple clients get to see their 413.
    private const long ThrownAwayBytes = 1L << 30;

    private static readonly JobStatus[] Live = [JobStatus.Queued, JobStatus.Running, JobStatus.Cancelling];

    /// <summary>Registers what the endpoints need.</summary>
    public static IServiceCollection AddDatasets(this IServiceCollection services) =>
        services.AddSingleton<DatasetUpload>().Configure<SwaggerGenOptions>(swagger => swagger.OperationFilter<UploadForms>());

    /// <summary>Maps the endpoints.</summary>
    public static void MapDatasets(this IEndpointRouteBuilder routes, Limits limits)
    {
        var group = routes.MapGroup("/api/v1/datasets").WithTags("Datasets").WithProblems(401, 429, 503);
        group.MapPost("", UploadAsync).WithName("upload_dataset")
            .WithMetadata(new UploadMetadata(), new IdempotentMetadata(), new BodyLimit(limits.DatasetBytes + ThrownAwayBytes))
            .Accepts<IFormFile>("multipart/form-data")
            .Produces<DatasetAnswer>(201).Produces<DatasetAnswer>(200).WithProblems(400, 409, 413, 415, 422, 507)
            .WithExample(null, Examples.Dataset);
        group.MapGet("", ListAsync).WithName("list_datasets").WithProblems(400, 422).WithExample(null, Examples.List);
        group.MapGet("/{dataset}", GetAsync).WithName("get_dataset").WithProblems(404)
            .WithExample(null, Examples.Dataset).WithParameterExample("dataset", "demo-sentences");
        group.MapGet("/{dataset}/content", GetContentAsync).WithName("get_dataset_content").WithProblems(404)
            .Produces<string>(200, "text/csv", "text/tab-separated-values", "application/jsonl", "text/plain").WithParameterExample("dataset", "demo-sentences");
        group.MapDelete("/{dataset}", DeleteAsync).WithName("delete_dataset").WithProblems(404, 409)
            .WithParameterExample("dataset", "movie-reviews");
    }

    /// <summary>Stores a file of examples.</summary>
    /// <remarks>
    /// The file is read as it arrives, so the other fields come before it. A line that cannot be read answers 422 with its number, and nothing is
    /// kept. The same file again under the same name answers the dataset that is there (200). Of the inputs text, tokens and frames a dataset has one;
    /// labels has a label for every token or frame. A plain text file is one text, its line ends included.
    /// </remarks>
    internal static Task<IResult> UploadAsync(HttpContext context, DatasetUpload upload) => upload.AnswerAsync(context);

    /// <summary>Lists datasets, newest first.</summary>
    /// <param name="limit">How many, 1 to 100; default 20.</param>
    /// <param name="after">The last_id of the page before.</param>
    internal static async Task<Results<Ok<Page<DatasetAnswer>>, ProblemResult>> ListAsync(
        int? limit, string? after, IDbContextFactory<RnnDbContext> contexts, CancellationToken cancellationToken)
    {
        var page = new PageQuery { Limit = limit, After = after };
        if (page.Check() is { } problem)
            return problem;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = context.Datasets.AsNoTracking();
        if (after is not null)
            rows = rows.Where(row => string.Compare(row.Id, after) < 0);
        var fetched = await rows.OrderByDescending(row => row.Id).Take(page.Size + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.Of(fetched, DatasetAnswer.Of, row => row.Id));
    }

    /// <summary>A dataset and what is known of it.</summary>
    /// <param name="dataset">Its id or name.</param>
    internal static async Task<Results<Ok<DatasetAnswer>, ProblemResult>> GetAsync(
        string dataset, IDbContextFactory<RnnDbContext> contexts, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await FindAsync(context, dataset, cancellationToken) is { } row ? TypedResults.Ok(DatasetAnswer.Of(row)) : NotFound(dataset);
    }

    /// <summary>The file as it was uploaded, byte by byte.</summary>
    /// <param name="dataset">Its id or name.</param>
    internal static async Task<Results<FileStreamHttpResult, ProblemResult>> GetContentAsync(
        string dataset, HttpResponse response, IDbContextFactory<RnnDbContext> contexts, Blobs blobs, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (await FindAsync(context, dataset, cancellationToken) is not { } row)
            return NotFound(dataset);
        var (type, extension) = row.Format switch
        {
            DatasetFormat.Csv => ("text/csv; charset=utf-8", "csv"),
            DatasetFormat.Tsv => ("text/tab-separated-values; charset=utf-8", "tsv"),
            DatasetFormat.Jsonl => ("application/jsonl; charset=utf-8", "jsonl"),
            _ => ("text/plain; charset=utf-8", "txt"),
        };
        response.ContentLength = row.Bytes;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ETag = $"\"{row.Sha256}\"";
        return TypedResults.Stream(await blobs.OpenAsync(row.BlobId, $"the dataset '{row.Name}'", cancellationToken), type, $"{row.Name}.{extension}");
    }

    /// <summary>Deletes a dataset, unless a job that has not ended needs it.</summary>
    /// <param name="dataset">Its id or name.</param>
    internal static async Task<Results<NoContent, ProblemResult>> DeleteAsync(
        string dataset, IDbContextFactory<RnnDbContext> contexts, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await FindAsync(context, dataset, cancellationToken) is not { } row)
            return NotFound(dataset);
        // A job that is being submitted meanwhile has it, or finds it gone.
        await context.LockAsync(row.Id, cancellationToken);
        var needs = await context.TrainingJobs
            .Where(job => Live.Contains(job.Status) && (job.DatasetId == row.Id || job.ValidationDatasetId == row.Id || job.TestDatasetId == row.Id))
            .Select(job => job.Id).FirstOrDefaultAsync(cancellationToken);
        if (needs is not null)
            return Problems.Conflict($"The training job {needs} needs the dataset '{row.Name}'.", $"Wait until it ends, or cancel it: POST /api/v1/training-jobs/{needs}/cancel");
        await context.Datasets.Where(other => other.Id == row.Id).ExecuteDeleteAsync(cancellationToken);
        await context.Blobs.Where(blob => blob.Id == row.BlobId).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static Task<DatasetRow?> FindAsync(RnnDbContext context, string idOrName, CancellationToken cancellationToken) => context.Datasets.AsNoTracking()
        .Where(row => row.Id == idOrName || row.Name == idOrName)
        // A name may look like another's id; the id is meant then.
        .OrderByDescending(row => row.Id == idOrName)
        .FirstOrDefaultAsync(cancellationToken);

    private static ProblemResult NotFound(string dataset) => Problems.NotFound("dataset", ClientText.Shorten(dataset), "GET /api/v1/datasets lists them.");

    private sealed record BodyLimit(long? MaxRequestBodySize) : Microsoft.AspNetCore.Http.Metadata.IRequestSizeLimitMetadata;
}
