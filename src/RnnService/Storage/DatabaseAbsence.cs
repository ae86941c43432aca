using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace RnnService.Storage;

/// <summary>Tells a database that is away, which will be back, from one that refuses what it was asked.</summary>
internal static class DatabaseAbsence
{
    // SQLite's result codes: what another program's lock, a failing device or a full disk cause. Its own connection never says that it is transient.
    private const int Busy = 5, Locked = 6, DeviceFailed = 10, Full = 13, CannotOpen = 14;

    /// <summary>
    /// Whether the database did not answer: gone, starting, stopping, frozen or out of connections; locked by another program, on a device that failed
    /// or without room. The same work may succeed later.
    /// </summary>
    public static bool Caused(Exception? error)
    {
        // EF wraps what the provider throws, in one of three exceptions.
        for (; error is not null; error = error.InnerException)
            if (error is DbException { IsTransient: true } or SqliteException { SqliteErrorCode: Busy or Locked or DeviceFailed or Full or CannotOpen }) return true;
        return false;
    }

    /// <summary>Whether the disk of the embedded database is full; then <see cref="Caused"/> is true as well.</summary>
    public static bool IsFull(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
            if (error is SqliteException { SqliteErrorCode: Full }) return true;
        return false;
    }
}
