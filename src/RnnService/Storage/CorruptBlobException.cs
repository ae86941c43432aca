using Microsoft.Data.Sqlite;

namespace RnnService.Storage;

/// <summary>Stored bytes are missing or not those that were written.</summary>
/// <param name="what">What is damaged, for example <c>the weights of reviews:3</c>.</param>
/// <param name="chunk">The chunk where it shows.</param>
/// <param name="damage">In what way, for example <c>is missing</c>.</param>
/// <param name="cause">What reading it threw, if it did.</param>
internal sealed class CorruptBlobException(string what, int chunk, string damage, Exception? cause = null)
    : IOException($"Chunk {chunk} of {what} {damage}: restore the database from a backup.", cause)
{
    // SQLite's result codes for a file whose pages make no sense.
    private const int Corrupt = 11, NotADatabase = 26;

    /// <summary>A sentence that names what is damaged, if damage caused the error: of a stored value or of SQLite's own pages; else null.</summary>
    public static string? Sentence(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is CorruptBlobException) return error.Message;
            if (error is SqliteException { SqliteErrorCode: Corrupt or NotADatabase }) return $"The database file is damaged ({error.Message}): restore it from a backup.";
        }

        return null;
    }
}
