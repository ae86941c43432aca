using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using RnnService.Http;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>
/// Stores uploaded files. One pass over the stream checks every row and writes the bytes chunk by chunk; only when all of it is good does
/// a dataset's row point at them, else they are deleted.
/// </summary>
internal sealed class DatasetUpload(
    IDbContextFactory<RnnDbContext> contexts, Blobs blobs, IdempotencyKeys keys, Limits limits, DatabaseLocation location, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _places = new(limits.ConcurrentUploads);

    /// <summary>Answers the upload: 201 stored, 200 the same was there already, or what is wrong.</summary>
    public async Task<IResult> AnswerAsync(HttpContext context)
    {
        // What surrounds the file in a form is small.
        if (context.Request.ContentLength > limits.DatasetBytes + (64 << 10))
            return TooLarge();
        if (!await _places.WaitAsync(TimeSpan.Zero))
        {
            return Problems.Busy($"{limits.ConcurrentUploads} uploads are being read already.",
                "Try again after a second, or raise the setting RnnService:Limits:ConcurrentUploads.", TimeSpan.FromSeconds(1));
        }
        try
        {
            return await AnswerOnceAsync(context);
        }
        catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return TooLarge();
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task<IResult> AnswerOnceAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var ticket = await keys.BeginAsync(context, cancellation);
        try
        {
            var form = await UploadForm.ReadAsync(context.Request, cancellation);
            if (ticket is { IsAnswered: true })
                return ticket.Replay(Fingerprint(form, await HashAsync(form, cancellation)));
            var result = await FindAsync(form.Name, cancellation) is { } existing
                ? Compare(existing, form, await HashAsync(form, cancellation), ticket)
                : await StoreAsync(context, form, ticket);
            if (ticket is not null)
                await ticket.EndAsync(context, result);
            return result;
        }
        catch
        {
            if (ticket is not null)
                await ticket.ReleaseAsync();
            throw;
        }
    }

    private async Task<IResult> StoreAsync(HttpContext context, UploadForm form, IdempotencyTicket? ticket)
    {
        var cancellationToken = context.RequestAborted;
        await using var writer = blobs.Create(BlobKind.Dataset);
        await using var content = new FileContent(form.File, writer, form.Format, limits);
        var inspection = new DatasetInspection(form.Task, form.Format, limits);
        await foreach (var row in ExampleFile.ReadAsync(content, form.Task, form.Format, limits.LineBytes, cancellationToken))
        {
            inspection.Add(row);
            if (inspection.IsHopeless)
                break;
        }
        if (inspection.Problem() is { } problem)
            return problem;
        await content.DrainAsync(cancellationToken);
        await form.FinishAsync(cancellationToken);
        var blob = await writer.CompleteAsync(cancellationToken);
        ticket?.RequestHash = Fingerprint(form, blob.Sha256);
        try
        {
            if (await InsertAsync(context, form, blob, inspection) is { } created)
                return created;
        }
        catch
        {
            await blobs.GiveUpAsync(blob.Id);
            throw;
        }

        // Another upload took the name meanwhile.
        await blobs.GiveUpAsync(blob.Id);
        return await FindAsync(form.Name, cancellationToken) is { } winner
            ? Compare(winner, form, blob.Sha256, ticket)
            : Problems.Conflict($"The name '{form.Name}' was taken and freed while this file was read.", "Upload it again.");
    }

    /// <summary>The answer of the new dataset; null if another upload has taken the name.</summary>
    private async Task<IResult?> InsertAsync(HttpContext http, UploadForm form, BlobRow blob, DatasetInspection inspection)
    {
        var cancellationToken = http.RequestAborted;
        var now = time.GetUtcNow();
        var dataset = new DatasetRow
        {
            Id = Ids.New("ds", now),
            Name = form.Name,
            Task = form.Task,
            Format = form.Format,
            Rows = inspection.Rows,
            Bytes = blob.Bytes,
            Sha256 = blob.Sha256,
            SummaryJson = inspection.Summary().ToJson(),
            BlobId = blob.Id,
            CreatedAt = now.UtcDateTime,
        };
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await context.Datasets.AnyAsync(row => row.Name == form.Name, cancellationToken))
            return null;
        context.Add(dataset);
        try
        {
            await context.SaveChangesAsync(cancellationToken);
            var answer = TypedResults.Created($"/api/v1/datasets/{dataset.Id}", DatasetAnswer.Of(dataset));
            await IdempotencyTicket.KeepAsync(http, context, answer);
            await transaction.CommitAsync(cancellationToken);
            return answer;
        }
        catch (DbUpdateException) when (location.SqliteFile is null)
        {
            // PostgreSQL lets two transactions look before either inserts; SQLite has one writer.
            return null;
        }
    }

    private static IResult Compare(DatasetRow existing, UploadForm form, string sha256, IdempotencyTicket? ticket)
    {
        ticket?.RequestHash = Fingerprint(form, sha256);
        var isSame = existing.Sha256 == sha256 && existing.Task == form.Task && existing.Format == form.Format;
        return isSame
            ? TypedResults.Ok(DatasetAnswer.Of(existing))
            : Problems.Conflict(
                $"There is a dataset '{form.Name}' with other content, task or format.",
                $"Choose another name, or delete the old one first: DELETE /api/v1/datasets/{form.Name}");
    }

    private async Task<string> HashAsync(UploadForm form, CancellationToken cancellationToken)
    {
        await using var content = new FileContent(form.File, copyTo: null, form.Format, limits);
        await content.DrainAsync(cancellationToken);
        await form.FinishAsync(cancellationToken);
        return content.Sha256();
    }

    private async Task<DatasetRow?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Datasets.AsNoTracking().FirstOrDefaultAsync(row => row.Name == name, cancellationToken);
    }

    /// <summary>What makes two uploads the same request; the form's boundary differs each time.</summary>
    private static string Fingerprint(UploadForm form, string sha256) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{form.Name}\n{form.Task}\n{form.Format}\n{sha256}")));

    /// <inheritdoc/>
    public void Dispose() => _places.Dispose();

    private ProblemResult TooLarge() => Problems.TooLarge("The file", limits.DatasetBytes, "RnnService:Limits:DatasetBytes");
}
