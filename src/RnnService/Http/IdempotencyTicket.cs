using Microsoft.EntityFrameworkCore;
using RnnService.Storage;

namespace RnnService.Http;

/// <summary>One request's hold on its <c>Idempotency-Key</c>: either the first with it, or one that finds a stored answer.</summary>
internal sealed class IdempotencyTicket(IDbContextFactory<RnnDbContext> contexts, IdempotencyKeys keys, string scope, string key, IdempotencyRow? stored)
{
    /// <summary>Whether an earlier request with the key was answered; then <see cref="Replay"/> is the answer.</summary>
    public bool IsAnswered => stored is not null;

    /// <summary>The stored answer if the earlier request was the same, else the problem that it was another.</summary>
    public IResult Replay(string requestHash) => stored?.RequestHash == requestHash
        ? new StoredAnswer(stored)
        : new ProblemResult(
            ProblemKind.IdempotencyMismatch, $"This {IdempotencyKeys.Header} was used with another body.",
            $"Send a new {IdempotencyKeys.Header} for a new request, or the same body to get the first answer again.");

    /// <summary>A result that answers like <paramref name="result"/> and keeps the answer if it created something; else it frees the key.</summary>
    public IResult Keep(IResult result, string requestHash) => new KeptAnswer(this, result, requestHash);

    private async Task AnswerAsync(HttpContext context, IResult result, string requestHash)
    {
        var response = context.Response;
        var wire = response.Body;
        using var copy = new MemoryStream();
        response.Body = copy;
        try
        {
            await result.ExecuteAsync(context);
        }
        finally
        {
            response.Body = wire;
        }
        // Kept even if the client has gone meanwhile: that is what the key is for.
        if (response.StatusCode is >= 200 and < 300)
            await KeepAsync(response, requestHash, copy.ToArray());
        else
            await ReleaseAsync();
        await wire.WriteAsync(copy.GetBuffer().AsMemory(0, (int)copy.Length), context.RequestAborted);
    }

    /// <summary>Frees the key: the request failed and created nothing.</summary>
    public Task ReleaseAsync() => keys.TellAsync(scope, key, async () =>
    {
        await using var context = await contexts.CreateDbContextAsync(CancellationToken.None);
        await context.Idempotency
            .Where(row => row.Scope == scope && row.Key == key && row.Status == null)
            .ExecuteDeleteAsync(CancellationToken.None);
    });

    private Task KeepAsync(HttpResponse response, string requestHash, byte[] body)
    {
        int? status = response.StatusCode;
        var (contentType, location) = (response.ContentType, response.Headers.Location.ToString());
        return keys.TellAsync(scope, key, async () =>
        {
            await using var context = await contexts.CreateDbContextAsync(CancellationToken.None);
            await context.Idempotency.Where(row => row.Scope == scope && row.Key == key).ExecuteUpdateAsync(
                set => set
                    .SetProperty(row => row.Status, status)
                    .SetProperty(row => row.RequestHash, requestHash)
                    .SetProperty(row => row.ContentType, contentType)
                    .SetProperty(row => row.Location, location)
                    .SetProperty(row => row.Body, body),
                CancellationToken.None);
        });
    }

    private sealed class KeptAnswer(IdempotencyTicket ticket, IResult result, string hash) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => ticket.AnswerAsync(httpContext, result, hash);
    }

    private sealed class StoredAnswer(IdempotencyRow row) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.StatusCode = row.Status ?? StatusCodes.Status200OK;
            response.ContentType = row.ContentType;
            if (!string.IsNullOrEmpty(row.Location))
                response.Headers.Location = row.Location;
            response.Headers["Idempotency-Replayed"] = "true";
            await response.Body.WriteAsync(row.Body ?? [], httpContext.RequestAborted);
        }
    }
}
