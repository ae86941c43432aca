using Rnn.Training;

namespace Rnn.Tests.Training;

public sealed class BatchShardsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_piece_is_done_exactly_once_run_after_run(int threads)
    {
        using var shards = new BatchShards(threads);
        for (var run = 0; run < 500; run++)
        {
            var done = new int[run % 17];
            shards.Run(done.Length, i => Interlocked.Increment(ref done[i]));
            Assert.All(done, count => Assert.Equal(1, count));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_failure_reaches_the_caller_and_the_threads_go_on(int threads)
    {
        using var shards = new BatchShards(threads);
        for (var run = 0; run < 20; run++)
        {
            var error = Assert.ThrowsAny<InvalidOperationException>(() => shards.Run(8, i =>
            {
                if (i == 3) throw new InvalidOperationException("piece three");
            }));
            Assert.Contains("piece three", error.Message, StringComparison.Ordinal);
            var sum = 0;
            shards.Run(8, i => Interlocked.Add(ref sum, i));
            Assert.Equal(28, sum);
        }
    }

    [Fact]
    public void A_thread_at_least_is_needed_and_all_are_counted()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchShards(0));
        using var shards = new BatchShards(3);
        Assert.Equal(3, shards.Threads);
    }

    /// <summary>Pieces that wait for each other need a thread each; the helpers carry names that a stack dump shows.</summary>
    [Fact]
    public void Caller_and_helpers_work_at_once_and_the_helpers_end_with_it()
    {
        var workers = new Thread[3];
        using (var shards = new BatchShards(3))
        using (var together = new Barrier(3))
        {
            shards.Run(3, i =>
            {
                workers[i] = Thread.CurrentThread;
                Assert.True(together.SignalAndWait(TimeSpan.FromSeconds(20)), "fewer than three threads came");
            });
        }

        Assert.Contains(Thread.CurrentThread, workers);
        Thread[] helpers = [.. workers.Where(worker => worker != Thread.CurrentThread).OrderBy(worker => worker.Name)];
        Assert.Equal(["training-1", "training-2"], helpers.Select(helper => helper.Name));
        Assert.All(helpers, helper => Assert.False(helper.IsAlive));
    }

    [Fact]
    public void After_a_failure_no_further_piece_is_begun()
    {
        using var shards = new BatchShards(2);
        var begun = 0;
        Assert.Throws<InvalidOperationException>(() => shards.Run(2000, i =>
        {
            Interlocked.Increment(ref begun);
            if (i == 0) throw new InvalidOperationException();
            Thread.Sleep(1);
        }));
        Assert.InRange(begun, 1, 1500);
    }
}
