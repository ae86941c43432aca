using Rnn.Kernels;

namespace Rnn.Tests.Kernels;

/// <summary>The numerators of a softmax against double precision, for rows of every length around the vectors and at every width.</summary>
public sealed class ExponentialsTests
{
    private sealed record Replace(float[] Row) : IKernelCall
    {
        public (float Max, float Sum) Result { get; private set; }

        public void Run<TLanes, TVector>()
            where TLanes : ILanes<TVector>
            where TVector : struct => Result = Exponentials.Replace<TLanes, TVector>(Row);
    }

    [Theory]
    [CombinatorialWidths]
    public void Are_those_of_double_precision(Width width)
    {
        for (var length = 1; length <= 70; length++)
        {
            var logits = Widths.Random(length, length, 30);
            var call = new Replace((float[])logits.Clone());
            call.Run(width);
            var (max, sum) = call.Result;
            Assert.Equal(logits.Max(), max);
            double[] exact = [.. logits.Select(x => Math.Exp((double)x - max))];
            Assert.All(exact.Zip(call.Row), pair => Assert.Equal(1, pair.Second / pair.First, 4e-6));
            Assert.Equal(1, sum / exact.Sum(), 1e-6);
        }
    }

    [Theory]
    [CombinatorialWidths]
    public void Stand_far_values_and_show_nan(Width width)
    {
        var call = new Replace([3e38f, -3e38f, float.NegativeInfinity, .. new float[20]]);
        call.Run(width);
        Assert.Equal((3e38f, 1f), call.Result);
        Assert.Equal([1, .. new float[22]], call.Row);
        call = new Replace([.. new float[17], float.NaN, .. new float[20]]);
        call.Run(width);
        Assert.True(float.IsNaN(call.Result.Sum));
    }
}
