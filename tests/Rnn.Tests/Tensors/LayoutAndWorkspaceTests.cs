using Rnn.Tensors;

namespace Rnn.Tests.Tensors;

public sealed class LayoutAndWorkspaceTests
{
    [Theory]
    [InlineData(new[] { 1 })]
    [InlineData(new[] { 5, 5, 3, 1, 1 })]
    [InlineData(new[] { 9, 2 })]
    public void A_layout_counts_the_rows_that_reach_each_step(int[] lengths)
    {
        var layout = new SequenceLayout();
        // Reused after a larger batch, nothing of which may shine through.
        layout.Assign([30, 29, 28, 27, 26, 25, 24]);
        layout.Assign(lengths);
        Assert.Equal((lengths.Length, lengths[0], lengths.Sum()), (layout.Rows, layout.Steps, layout.Tokens));
        Assert.Equal(lengths, layout.Lengths.ToArray());
        var offset = 0;
        for (var t = 0; t < layout.Steps; t++)
        {
            Assert.Equal(offset, layout.OffsetAt(t));
            Assert.Equal(lengths.Count(l => l > t), layout.RowsAt(t));
            offset += layout.RowsAt(t);
        }
    }

    [Theory]
    [InlineData(new int[0])]
    [InlineData(new[] { 0 })]
    [InlineData(new[] { 3, 0 })]
    [InlineData(new[] { 2, 3 })]
    [InlineData(new[] { 3, -1 })]
    public void Lengths_that_are_not_descending_and_positive_are_refused(int[] lengths) =>
        Assert.Throws<ArgumentException>(() => new SequenceLayout().Assign(lengths));

    [Fact]
    public void Rented_buffers_do_not_overlap_before_or_after_a_reset()
    {
        var workspace = new Workspace();
        int[] sizes = [1, 0, 16, 17, 70_000, 3, 200_000, 64];
        for (var round = 0; round < 3; round++)
        {
            var buffers = sizes.Select(workspace.RentZeroed).ToArray();
            for (var i = 0; i < buffers.Length; i++) buffers[i].Span.Fill(i + 1);
            for (var i = 0; i < buffers.Length; i++)
            {
                Assert.Equal(sizes[i], buffers[i].Length);
                Assert.True(buffers[i].Span.IndexOfAnyExcept(i + 1f) < 0, $"buffer {i} was overwritten in round {round}");
            }

            workspace.Reset();
        }
    }

    [Fact]
    public void After_the_largest_pass_nothing_is_allocated_any_more()
    {
        var workspace = new Workspace();
        void Pass()
        {
            workspace.Reset();
            for (var i = 0; i < 20; i++) workspace.Rent(10_000 + i);
        }

        Assert.Equal(0, Allocations.OfThousand(Pass));
    }

    [Fact]
    public void Memory_of_a_pass_is_made_once_and_made_one_when_a_larger_one_came()
    {
        var workspace = new Workspace();
        void Pass(int length)
        {
            workspace.Reset();
            for (var i = 0; i < 5; i++) workspace.Rent(length);
        }

        Pass(100_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Pass(100_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000);

        Pass(150_000);
        before = GC.GetAllocatedBytesForCurrentThread();
        Pass(150_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, workspace.Capacity * sizeof(float), (workspace.Capacity * sizeof(float)) + 20_000);
        Assert.Equal(0, Allocations.OfThousand(() => Pass(150_000)));
    }
}
