using Rnn.Data;
using RnnService.Registry;

namespace RnnService.Tests.Registry;

public sealed class MicroBatcherTests
{
    private static readonly float[] Certain = [1f];

    private static Sequence Input(float value) => Sequence.OfFrames([value], 1);

    [Fact]
    public void A_lone_request_is_computed_before_the_call_returns()
    {
        var batcher = new MicroBatcher<Sequence, float[]>(inputs => [.. inputs.Select(_ => Certain)]);

        Assert.True(batcher.RunAsync([Input(1)]).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Requests_that_arrive_meanwhile_go_together_and_get_their_own_answers()
    {
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var sizes = new List<int>();
        var answers = new Dictionary<Sequence, float>(ReferenceEqualityComparer.Instance);
        var batcher = new MicroBatcher<Sequence, float[]>(inputs =>
        {
            sizes.Add(inputs.Count);
            entered.Set();
            release.Wait();
            return [.. inputs.Select(input => new[] { answers[input] })];
        });
        List<Sequence[]> requests = [.. Enumerable.Range(0, 10).Select(i => Enumerable.Range(0, i + 1).Select(j => Input(j)).ToArray())];
        foreach (var (sequence, i) in requests.SelectMany(request => request).Select((sequence, i) => (sequence, i))) answers[sequence] = i;

        var first = Task.Run(async () => await batcher.RunAsync(requests[0]), TestContext.Current.CancellationToken);
        entered.Wait(TestContext.Current.CancellationToken);
        var others = requests.Skip(1).Select(request => batcher.RunAsync(request).AsTask()).ToList();
        Assert.All(others, other => Assert.False(other.IsCompleted));
        release.Set();

        var all = await Task.WhenAll(others.Prepend(first));
        Assert.Equal([1, 54], sizes);
        for (var r = 0; r < requests.Count; r++)
            Assert.Equal(requests[r].Select(input => answers[input]), all[r].Select(scores => scores[0]));
    }

    [Fact]
    public async Task A_failing_batch_fails_its_requests_and_no_later_one()
    {
        var fail = true;
        var batcher = new MicroBatcher<Sequence, float[]>(inputs => fail ? throw new InvalidOperationException("broken") : [.. inputs.Select(_ => Certain)]);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await batcher.RunAsync([Input(1)]));
        fail = false;
        Assert.Single(await batcher.RunAsync([Input(1)]));
    }

    [Fact]
    public async Task Many_threads_all_get_the_answer_to_their_own_input()
    {
        var answers = new System.Collections.Concurrent.ConcurrentDictionary<Sequence, float>(ReferenceEqualityComparer.Instance);
        var running = 0;
        var batcher = new MicroBatcher<Sequence, float[]>(inputs =>
        {
            Assert.Equal(1, Interlocked.Increment(ref running));
            Thread.SpinWait(200);
            Interlocked.Decrement(ref running);
            return [.. inputs.Select(input => new[] { answers[input] })];
        });

        await Parallel.ForAsync(0, 5_000, TestContext.Current.CancellationToken, async (i, _) =>
        {
            var input = Input(i);
            answers[input] = i;
            Assert.Equal(i, (await batcher.RunAsync([input]))[0][0]);
        });
    }
}
