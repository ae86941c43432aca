using System.Diagnostics;
using Rnn.Training;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>
/// Stores checkpoints from a thread of its own, so that training goes on meanwhile: one at a time, and no more often than every
/// second or fifty times what one costs. A young attempt does not wait that long: the first comes at once and the next when its age
/// has doubled, so that a job that is killed again and again keeps a third of what it did or more, and still gets on.
/// </summary>
internal sealed class CheckpointWriter : IDisposable
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private const int CostFactor = 50;

    private readonly Blobs _blobs;
    private readonly JobLedger _ledger;
    private readonly JobClaim _claim;
    private readonly RunningJob _running;
    private readonly IReadOnlyDictionary<string, string> _metadata;
    private readonly ILogger _log;
    private readonly Thread _thread;
    private readonly AutoResetEvent _work = new(false);
    private readonly ManualResetEventSlim _idle = new(true);
    private (Checkpoint Checkpoint, StoredProgress Progress, TimeSpan SnapshotCost)? _pending;
    private readonly long _began = Stopwatch.GetTimestamp();
    private long _lastTimestamp = Stopwatch.GetTimestamp();
    private TimeSpan _interval = TimeSpan.Zero;
    private volatile bool _stop;

    /// <param name="blobs">Where checkpoints are stored.</param>
    /// <param name="ledger">Makes them count.</param>
    /// <param name="claim">The right to write.</param>
    /// <param name="running">Learns when that right is lost.</param>
    /// <param name="metadata">What is stored with each.</param>
    /// <param name="log">Says what could not be stored.</param>
    public CheckpointWriter(Blobs blobs, JobLedger ledger, JobClaim claim, RunningJob running, IReadOnlyDictionary<string, string> metadata, ILogger log)
    {
        (_blobs, _ledger, _claim, _running, _metadata, _log) = (blobs, ledger, claim, running, metadata, log);
        _thread = new Thread(Loop) { Name = $"checkpoints {claim.JobId}", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Whether it is time for the next one.</summary>
    /// <param name="isSmall">Whether it would be half of what it is at other moments; those wait twice as long.</param>
    public bool IsDue(bool isSmall) => _idle.IsSet && Stopwatch.GetElapsedTime(_lastTimestamp) >= (isSmall ? _interval : 2 * _interval);

    /// <summary>Hands over a snapshot; returns at once unless one is still being written.</summary>
    /// <param name="take">Takes the snapshot: a copy that training does not change.</param>
    /// <param name="progress">The progress as of the snapshot.</param>
    public void Offer(Func<Checkpoint> take, StoredProgress progress)
    {
        _idle.Wait();
        _lastTimestamp = Stopwatch.GetTimestamp();
        var checkpoint = take();
        _pending = (checkpoint, progress, Stopwatch.GetElapsedTime(_lastTimestamp));
        _idle.Reset();
        _work.Set();
    }

    /// <summary>Waits until what was offered is stored.</summary>
    public void Drain() => _idle.Wait();

    private void Loop()
    {
        var failed = false;
        while (true)
        {
            _work.WaitOne();
            if (_stop) return;
            try
            {
                Store(_pending!.Value.Checkpoint, _pending.Value.Progress, _pending.Value.SnapshotCost);
                failed = false;
            }
            catch (FencedException)
            {
                _running.Fence();
            }
            catch (Exception error)
            {
                // The job can do without this one; the next may succeed, but need not be tried with every step.
                if (!failed) JobLog.CheckpointFailed(_log, _claim.JobId, error);
                failed = true;
                _interval = _interval > Shortest ? _interval : Shortest;
            }
            finally
            {
                _pending = null;
                _idle.Set();
            }
        }
    }

    private void Store(Checkpoint checkpoint, StoredProgress progress, TimeSpan snapshotCost)
    {
        var start = Stopwatch.GetTimestamp();
        using var writer = _blobs.Create(BlobKind.Checkpoint);
        checkpoint.Write(writer, _metadata);
        var blob = writer.CompleteAsync(CancellationToken.None).GetAwaiter().GetResult();
        IReadOnlyList<string> superseded;
        try
        {
            superseded = _ledger.CommitCheckpoint(_claim, checkpoint.State.Step, blob.Id, progress);
        }
        catch
        {
            Delete(blob.Id);
            throw;
        }

        foreach (var old in superseded) Delete(old);
        var cost = snapshotCost + Stopwatch.GetElapsedTime(start);
        Telemetry.CheckpointsStored.Add(1);
        Telemetry.CheckpointSeconds.Add(cost.TotalSeconds);
        var age = Stopwatch.GetElapsedTime(_began);
        _interval = TimeSpan.FromTicks(Math.Max(Shortest.Ticks, Math.Min(cost.Ticks * CostFactor, age.Ticks)));
    }

    private void Delete(string blobId) => _blobs.GiveUpAsync(blobId).GetAwaiter().GetResult();

    /// <summary>Stores what was offered and ends the thread.</summary>
    public void Dispose()
    {
        _idle.Wait();
        _stop = true;
        _work.Set();
        _thread.Join();
        _work.Dispose();
        _idle.Dispose();
    }
}
