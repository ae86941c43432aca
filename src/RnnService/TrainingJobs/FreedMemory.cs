namespace RnnService.TrainingJobs;

/// <summary>Gives memory back to the machine: what a job held is a matter of hundreds of megabytes, and the collector would keep it until the next one needs as much.</summary>
internal static class FreedMemory
{
    // Requests wait meanwhile, all the longer the more models are loaded: not for a small job's.
    private const long WorthTheWait = 32 << 20;

    private static long s_least;

    /// <summary>Does so where the process has grown enough since it was smallest.</summary>
    public static void Release()
    {
        var now = Environment.WorkingSet;
        if (now < s_least + WorthTheWait)
        {
            s_least = Math.Min(s_least, now);
            return;
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        s_least = Environment.WorkingSet;
    }
}
