using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>Renews a job's lease and stores its progress from a thread of its own, however long a training step takes.</summary>
internal sealed class JobHeartbeat : IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(0.5);

    private readonly JobLedger _ledger;
    private readonly JobClaim _claim;
    private readonly RunningJob _running;
    private readonly ILogger _log;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private StoredProgress? _progress;

    public JobHeartbeat(JobLedger ledger, JobClaim claim, RunningJob running, ILogger log)
    {
        (_ledger, _claim, _running, _log) = (ledger, claim, running, log);
        _thread = new Thread(Loop) { Name = $"heartbeat {claim.JobId}", IsBackground = true };
        _thread.Start();
    }

    /// <summary>The progress to store with the next beat.</summary>
    public void Report(StoredProgress progress) => Volatile.Write(ref _progress, progress);

    private void Loop()
    {
        var missed = false;
        while (!_stop.Wait(Beat))
        {
            try
            {
                if (_ledger.Renew(_claim, Interlocked.Exchange(ref _progress, null))) _running.Cancel();
                missed = false;
            }
            catch (FencedException)
            {
                _running.Fence();
                return;
            }
            catch (Exception error) when (error is System.Data.Common.DbException or Microsoft.EntityFrameworkCore.DbUpdateException || DatabaseAbsence.Caused(error))
            {
                Telemetry.Lease("missed");
                // The database may be busy or away. The lease outlasts many beats, and when it has run out it is renewed as long as nobody else has claimed the job.
                if (!missed) JobLog.HeartbeatMissed(_log, _claim.JobId, error);
                missed = true;
            }
        }
    }

    /// <summary>Stops beating; the lease stays until it is released or runs out.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }
}
