namespace RnnService.Storage;

/// <summary>The service cannot start; the message is the one sentence that says why and what to set.</summary>
internal sealed class StartupException(string message) : Exception(message);
