using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using RnnService.Storage;

namespace RnnService.Http;

/// <summary>
/// Remembers the answers to creating POSTs that carry an <c>Idempotency-Key</c>, for 24 hours and per API key. Only answers that created
/// something are kept: a refused request changed nothing and may be corrected and sent again under its key.
/// </summary>
internal sealed class IdempotencyKeys(IDbContextFactory<RnnDbContext> contexts, TimeProvider time)
{
    /// <summary>Name of the header.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>How long an answer is kept.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>A claim that was not renewed for so long is nobody's: its process was killed, or lost the database before it could free the key.</summary>
    public static readonly TimeSpan Abandoned = TimeSpan.FromSeconds(20);

    private const int MaximumLength = 255;

    // What became of keys, where the database was away when it should have been told: it is told before the key's next use, at the latest by the next sweep.
    private readonly ConcurrentDictionary<(string Scope, string Key), Func<Task>> _owed = new();

    /// <summary>Claims the request's key, or finds what became of the first request with it; null when the request has none.</summary>
    /// <exception cref="ProblemException">The key cannot be one, or its first request is still being answered.</exception>
    public async Task<IdempotencyTicket?> BeginAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (!context.Request.Headers.TryGetValue(Header, out var header))
            return null;
        var key = header.ToString();
        if (key.Length is 0 or > MaximumLength || key.Any(character => character is < ' ' or > '~'))
            throw new ProblemException(Problems.Malformed($"The {Header} header cannot be used.", $"Send 1 to {MaximumLength} ASCII characters, for example a UUID."));

        var scope = $"{Caller.IdOf(context)} {context.Request.Method} {context.Request.PathBase}{context.Request.Path}";
        await PayAsync((scope, key));
        for (var attempt = 0; attempt < 2; attempt++)
        {
            if (await TryClaimAsync(scope, key, cancellationToken))
            {
                context.Response.RegisterForDispose(new IdempotencyClaim(contexts, scope, key, time));
                var ticket = new IdempotencyTicket(contexts, this, scope, key, stored: null);
                context.Features.Set(ticket);
                return ticket;
            }
            if (await FindAsync(scope, key, cancellationToken) is { } row)
                return row.Status is null ? throw InFlight() : new IdempotencyTicket(contexts, this, scope, key, row);
            // The first request ended without creating anything in between: the key is free again.
        }
        throw InFlight();
    }

    /// <summary>Tells the database what became of a key; while it is away that is owed, and the request is answered all the same.</summary>
    internal async Task TellAsync(string scope, string key, Func<Task> tell)
    {
        try
        {
            await tell();
        }
        catch (Exception error) when (DatabaseAbsence.Caused(error))
        {
            _owed[(scope, key)] = tell;
        }
    }

    /// <summary>Tells what is still owed; forgets what is older than 24 hours, and claims that no running request can hold any more.</summary>
    public async Task SweepAsync(DateTime claimsBefore, CancellationToken cancellationToken)
    {
        foreach (var owed in _owed.Keys) await PayAsync(owed);
        var old = time.GetUtcNow().UtcDateTime - Kept;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Idempotency
            .Where(row => row.CreatedAt < old || (row.Status == null && row.CreatedAt < claimsBefore))
            .ExecuteDeleteAsync(cancellationToken);
    }

    private async Task PayAsync((string Scope, string Key) owed)
    {
        if (!_owed.TryGetValue(owed, out var tell)) return;
        await tell();
        _owed.TryRemove(owed, out _);
    }

    private async Task<bool> TryClaimAsync(string scope, string key, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var (old, abandoned) = (now - Kept, now - Abandoned);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Idempotency
            .Where(row => row.Scope == scope && row.Key == key && (row.CreatedAt < old || (row.Status == null && row.CreatedAt < abandoned)))
            .ExecuteDeleteAsync(cancellationToken);
        // Both databases know this conflict clause, and unlike a failed insert it leaves no error in the log.
        return await context.Database.ExecuteSqlAsync(
            $"""INSERT INTO "Idempotency" ("Scope", "Key", "RequestHash", "CreatedAt") VALUES ({scope}, {key}, '', {now}) ON CONFLICT DO NOTHING""",
            cancellationToken) == 1;
    }

    private async Task<IdempotencyRow?> FindAsync(string scope, string key, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Idempotency.AsNoTracking().FirstOrDefaultAsync(row => row.Scope == scope && row.Key == key, cancellationToken);
    }

    internal static ProblemException InFlight() => new(new ProblemResult(
        ProblemKind.IdempotencyInFlight, $"A request with this {Header} is still being answered.",
        "Send it again after a second to get its answer.", RetryAfter: TimeSpan.FromSeconds(1)));
}
