using RnnService.Http;

namespace RnnService.Tests.Http;

/// <summary>A stream of events is bounded by how long a client may take to read it.</summary>
public sealed class EventStreamTests
{
    [Fact]
    public async Task A_client_that_does_not_read_ends_the_write()
    {
        using var body = new FullPipe();
        var stream = new EventStream(body, TimeSpan.FromMilliseconds(50));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.SendAsync(EventStream.Comment, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));

        Assert.True(body.WasCancelled);
    }

    [Fact]
    public void An_event_has_number_kind_and_data() => Assert.Equal("id: 3\nevent: status\ndata: {}\n\n", EventStream.Event(3, "status", "{}"));

    /// <summary>Takes nothing.</summary>
    private sealed class FullPipe : MemoryStream
    {
        public bool WasCancelled { get; private set; }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                WasCancelled = true;
                throw;
            }
        }
    }
}
