namespace RnnService.TrainingJobs;

/// <summary>Gives memory back to the machine: what a job held is a matter of hundreds of megabytes, and the collector would keep it until the next one needs as much.</summary>
internal static class FreedMemory
{
    // Requests wait meanwhile, all the longer the more models are loaded: not for a small job's.
    private const long WorthTheWait = 32 << 20;

    private static long s_afterwards;

    /// <summary>Does so where the process has grown enough since the last time.</summary>
    public static void Release()
    {
        if (Environment.WorkingSet < s_afterwards + WorthTheWait) return;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        s_afterwards = Environment.WorkingSet;
    }
}
