using Microsoft.EntityFrameworkCore;
using RnnService.Storage;

namespace RnnService.Http;

/// <summary>Says every few seconds that the first request with a key is still being answered; disposed of at its end.</summary>
internal sealed class IdempotencyClaim : IDisposable
{
    private static readonly TimeSpan Beat = IdempotencyKeys.Abandoned / 4;

    private readonly ITimer _timer;

    public IdempotencyClaim(IDbContextFactory<RnnDbContext> contexts, string scope, string key, TimeProvider time) =>
        _timer = time.CreateTimer(_ => Renew(contexts, scope, key, time.GetUtcNow().UtcDateTime), null, Beat, Beat);

    private static void Renew(IDbContextFactory<RnnDbContext> contexts, string scope, string key, DateTime now)
    {
        try
        {
            using var context = contexts.CreateDbContext();
            context.Idempotency.Where(row => row.Scope == scope && row.Key == key && row.Status == null)
                .ExecuteUpdate(set => set.SetProperty(row => row.CreatedAt, now));
        }
        catch (Exception error) when (error is System.Data.Common.DbException || DatabaseAbsence.Caused(error))
        {
            // The next beat tries again; without the database the request fails, too.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();
}
