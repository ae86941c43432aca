using System.Diagnostics;

namespace RnnService.Predictions;

/// <summary>
/// Lets others have the thread. Decoding is nothing but computing and a text may be long, so after a few milliseconds the rest of it goes to the end of the pool's queue:
/// whoever came meanwhile waits for a slice and not for a text, and all texts grow by turns, without a queue or threads of their own.
/// </summary>
/// <param name="cancellationToken">Nobody waits for the text any more.</param>
internal sealed class GenerateTurns(CancellationToken cancellationToken)
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(5);

    private long _since = Stopwatch.GetTimestamp();

    /// <summary>To be awaited after every token.</summary>
    /// <exception cref="OperationCanceledException">Nobody waits for the text any more.</exception>
    public ValueTask NextAsync()
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Stopwatch.GetElapsedTime(_since) < Slice ? ValueTask.CompletedTask : YieldAsync();
    }

    private async ValueTask YieldAsync()
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        _since = Stopwatch.GetTimestamp();
    }
}
