using System.Runtime.ExceptionServices;

namespace Rnn.Training;

/// <summary>
/// The only parallelism of the core: a few dedicated threads that share out numbered pieces of work.
/// What a piece computes depends on its number alone, never on the thread that took it, so results do not depend on the thread count.
/// </summary>
public sealed class BatchShards : IDisposable
{
    private readonly Thread[] _helpers;
    private readonly SemaphoreSlim _start = new(0);
    private readonly CountdownEvent _finished = new(1);
    private Action<int> _work = static _ => { };
    private int _count;
    private int _next;
    private Exception? _failure;
    private volatile bool _stopping;

    /// <summary>Starts <paramref name="threads"/> - 1 helpers; the caller of <see cref="Run"/> is the first thread.</summary>
    public BatchShards(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        _helpers = new Thread[threads - 1];
        for (int i = 0; i < _helpers.Length; i++)
        {
            _helpers[i] = new Thread(Help) { IsBackground = true, Name = $"training-{i + 1}" };
            _helpers[i].Start();
        }
    }

    /// <summary>Threads that work, the caller's included.</summary>
    public int Threads => _helpers.Length + 1;

    /// <summary>Runs <paramref name="work"/> for 0 … <paramref name="count"/> - 1 and returns when all are done; the first exception of any of them is thrown. One caller at a time.</summary>
    public void Run(int count, Action<int> work)
    {
        int helpers = Math.Min(_helpers.Length, count - 1);
        if (helpers <= 0)
        {
            for (int i = 0; i < count; i++) work(i);
            return;
        }

        _work = work;
        _count = count;
        _next = 0;
        _finished.Reset(helpers);
        _start.Release(helpers);
        Drain();
        _finished.Wait();
        if (Interlocked.Exchange(ref _failure, null) is { } failure) ExceptionDispatchInfo.Throw(failure);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        if (_helpers.Length > 0) _start.Release(_helpers.Length);
        foreach (Thread helper in _helpers) helper.Join();
        _start.Dispose();
        _finished.Dispose();
    }

    private void Help()
    {
        while (true)
        {
            _start.Wait();
            if (_stopping) return;
            Drain();
            _finished.Signal();
        }
    }

    private void Drain()
    {
        try
        {
            for (int i = Interlocked.Increment(ref _next) - 1; i < _count; i = Interlocked.Increment(ref _next) - 1) _work(i);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, e, null);
            Interlocked.Exchange(ref _next, _count);
        }
    }
}
