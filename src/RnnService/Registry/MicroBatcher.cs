namespace RnnService.Registry;

/// <summary>
/// Computes inputs of concurrent requests together. A lone request runs at once on its own thread; what arrives meanwhile waits
/// and goes together in the next batch, computed by the first request of that batch. No timer, no thread of its own.
/// </summary>
/// <param name="compute">One result per input, in input order; thread-safe.</param>
internal sealed class MicroBatcher<TInput, TResult>(Func<IReadOnlyList<TInput>, TResult[]> compute)
{
    /// <summary>Most inputs of several requests computed together; one request may be larger and then goes alone.</summary>
    public const int MaxInputs = 64;

    private readonly Lock _gate = new();
    private readonly Queue<Request> _waiting = new();
    private bool _busy;

    /// <summary>The result of each input, in input order.</summary>
    public ValueTask<TResult[]> RunAsync(IReadOnlyList<TInput> inputs)
    {
        Request request;
        lock (_gate)
        {
            if (_busy)
            {
                request = new Request(inputs);
                _waiting.Enqueue(request);
                return new ValueTask<TResult[]>(WaitAsync(request));
            }

            _busy = true;
        }

        try
        {
            Telemetry.BatchSizes.Record(inputs.Count);
            return new ValueTask<TResult[]>(compute(inputs));
        }
        finally
        {
            HandOver();
        }
    }

    private async Task<TResult[]> WaitAsync(Request request)
    {
        var (answer, batch) = await request.Turn.Task;
        return answer ?? Compute(batch!);
    }

    // Runs in the first request of the batch; the others only wait for their part.
    private TResult[] Compute(List<Request> batch)
    {
        try
        {
            var inputs = batch.Count == 1 ? batch[0].Inputs : [.. batch.SelectMany(request => request.Inputs)];
            Telemetry.BatchSizes.Record(inputs.Count);
            var answers = compute(inputs);
            var first = batch[0].Inputs.Count;
            foreach (var request in batch.Skip(1))
            {
                request.Turn.SetResult((answers[first..(first + request.Inputs.Count)], null));
                first += request.Inputs.Count;
            }

            return answers[..batch[0].Inputs.Count];
        }
        catch (Exception error)
        {
            foreach (var request in batch.Skip(1)) request.Turn.TrySetException(error);
            throw;
        }
        finally
        {
            HandOver();
        }
    }

    private void HandOver()
    {
        List<Request> next = [];
        lock (_gate)
        {
            var count = 0;
            while (_waiting.TryPeek(out var request) && (next.Count == 0 || count + request.Inputs.Count <= MaxInputs))
            {
                next.Add(_waiting.Dequeue());
                count += request.Inputs.Count;
            }

            if (next.Count == 0)
            {
                _busy = false;
                return;
            }
        }

        next[0].Turn.SetResult((null, next));
    }

    private sealed class Request(IReadOnlyList<TInput> inputs)
    {
        public IReadOnlyList<TInput> Inputs => inputs;

        /// <summary>Its answer, or the batch that it is the first of and has to compute.</summary>
        public TaskCompletionSource<(TResult[]? Answer, List<Request>? Batch)> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
