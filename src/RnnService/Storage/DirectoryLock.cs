namespace RnnService.Storage;

/// <summary>
/// The operating system's lock on a data directory: whoever holds it is the only serving process there.
/// The kernel lets go of it when the process ends, however it ends.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Takes the lock, creating the directory where needed.</summary>
    /// <exception cref="StartupException">Another process holds it, or the directory cannot be written.</exception>
    public static DirectoryLock Take(string directory)
    {
        var path = Path.Combine(directory, "rnnservice.lock");
        try
        {
            Directory.CreateDirectory(directory);
            return new DirectoryLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new StartupException($"RnnService:DataDirectory '{directory}' cannot be written: {refused.Message}");
        }
        catch (IOException taken) when (File.Exists(path))
        {
            throw new StartupException(
                $"RnnService:DataDirectory '{directory}' is in use by another RnnService process; stop that one, or set another directory. ({taken.Message})");
        }
        catch (IOException failed)
        {
            throw new StartupException($"RnnService:DataDirectory '{directory}' cannot be used: {failed.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
