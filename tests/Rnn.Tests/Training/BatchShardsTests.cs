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

    [Fact]
    public void A_single_piece_stays_on_the_thread_that_asked()
    {
        using var shards = new BatchShards(3);
        var caller = Environment.CurrentManagedThreadId;
        for (var run = 0; run < 300; run++) shards.Run(1, _ => Assert.Equal(caller, Environment.CurrentManagedThreadId));
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
