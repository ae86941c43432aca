namespace Rnn.Tests;

/// <summary>Counts what the thread allocates.</summary>
internal static class Allocations
{
    /// <summary>Bytes of a thousand calls after a hundred others, in the round of five with least: a collection meanwhile counts what is left of the thread's room as used.</summary>
    public static long OfThousand(Action step) => Enumerable.Range(0, 5).Min(_ =>
    {
        for (var i = 0; i < 100; i++) step();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) step();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    });
}
