using System.Data.Common;

namespace RnnService.Storage;

/// <summary>Tells a database that is away, which will be back, from one that refuses what it was asked.</summary>
internal static class DatabaseAbsence
{
    /// <summary>Whether the database did not answer: gone, starting, stopping, frozen or out of connections. The same work may succeed later.</summary>
    public static bool Caused(Exception? error)
    {
        // EF wraps what the provider throws, in one of three exceptions.
        for (; error is not null; error = error.InnerException)
            if (error is DbException { IsTransient: true }) return true;
        return false;
    }
}
