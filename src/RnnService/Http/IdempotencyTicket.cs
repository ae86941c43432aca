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

    /// <summary>SHA-256 of the request; known before anything is created.</summary>
    public string RequestHash { get; set; } = "";

    /// <summary>
    /// Keeps the answer to a request that carries a key in the transaction that creates what it tells of: both are there afterwards, or neither,
    /// so that whoever was killed in between creates nothing twice.
    /// </summary>
    /// <exception cref="ProblemException">The claim was given up meanwhile, and another request with the key was answered.</exception>
    public static async Task KeepAsync(HttpContext http, RnnDbContext context, IResult answer)
    {
        if (http.Features.Get<IdempotencyTicket>() is { } ticket && await ticket.WriteAsync(context, await KeptAnswer.OfAsync(http, answer)) == 0)
            throw IdempotencyKeys.InFlight();
    }

    /// <summary>After the request: keeps an answer that needed no transaction; a refused request created nothing and frees its key.</summary>
    public async Task EndAsync(HttpContext http, IResult result)
    {
        var answer = await KeptAnswer.OfAsync(http, result);
        if (answer.Status is < 200 or >= 300) await ReleaseAsync();
        else await keys.TellAsync(scope, key, async () =>
        {
            await using var context = await contexts.CreateDbContextAsync(CancellationToken.None);
            await WriteAsync(context, answer);
        });
    }

    /// <summary>Frees the key unless its answer was kept.</summary>
    public Task ReleaseAsync() => keys.TellAsync(scope, key, async () =>
    {
        await using var context = await contexts.CreateDbContextAsync(CancellationToken.None);
        await Claim(context).ExecuteDeleteAsync(CancellationToken.None);
    });

    // Kept even if the client has gone meanwhile: that is what the key is for.
    private Task<int> WriteAsync(RnnDbContext context, KeptAnswer answer) => Claim(context).ExecuteUpdateAsync(
        set => set
            .SetProperty(row => row.Status, answer.Status)
            .SetProperty(row => row.RequestHash, RequestHash)
            .SetProperty(row => row.ContentType, answer.ContentType)
            .SetProperty(row => row.Location, answer.Location)
            .SetProperty(row => row.Body, answer.Body),
        CancellationToken.None);

    private IQueryable<IdempotencyRow> Claim(RnnDbContext context) =>
        context.Idempotency.Where(row => row.Scope == scope && row.Key == key && row.Status == null);

    private sealed record KeptAnswer(int? Status, string? ContentType, string Location, byte[] Body)
    {
        /// <summary>What the result writes, into a response of its own.</summary>
        public static async Task<KeptAnswer> OfAsync(HttpContext http, IResult result)
        {
            using var body = new MemoryStream();
            var response = new DefaultHttpContext { RequestServices = http.RequestServices, Response = { Body = body } }.Response;
            await result.ExecuteAsync(response.HttpContext);
            return new KeptAnswer(response.StatusCode, response.ContentType, response.Headers.Location.ToString(), body.ToArray());
        }
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
