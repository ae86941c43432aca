using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Tests.Kernels;

public sealed class ColumnSumsTests
{
    public static MatrixTheoryData<int, int> Shapes() => new([1, 7, 8, 16, 65, 96], Enumerable.Range(0, 10));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Rows_are_added_in_their_order(int columns, int rows)
    {
        var random = new RandomSource(1);
        float[] drawn(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() - 0.5f)];
        var (matrix, sums) = (drawn(rows * columns), drawn(columns));
        var want = (float[])sums.Clone();
        for (var i = 0; i < matrix.Length; i++) want[i % columns] += matrix[i];
        ColumnSums.Add(matrix, sums);
        Assert.Equal(want, sums);
    }

    [Fact]
    public void Without_sums_nothing_is_added() => ColumnSums.Add([1, 2, 3], []);
}
