using Rnn.Cells;

namespace Rnn.Tests.Cells;

/// <summary>What a scan's activations are said to be.</summary>
public sealed class CellActivityTests
{
    private static readonly (string, Squashing)[] s_lstm = [("input", Squashing.Sigmoid), ("forget", Squashing.Sigmoid), ("candidate", Squashing.Tanh), ("output", Squashing.Sigmoid)];

    /// <summary>Two tokens of two units: gate by gate, unit by unit.</summary>
    [Fact]
    public void Gates_are_averaged_over_tokens_and_units()
    {
        float[] gates =
        [
            0.25f, 0.75f, 1, 0.5f, 0, 0.5f, 0.125f, 0.125f,
            0.5f, 0.5f, 1, 0.5f, 0, -0.5f, 0.125f, 0.625f,
        ];
        var activity = CellActivity.Of(gates, 2, s_lstm);
        Assert.Equal(["input", "forget", "output"], activity.GateMeans.Keys);
        Assert.Equal([0.5, 0.75, 0.25], activity.GateMeans.Values);
        // The two forget gates at 1 let no gradient through.
        Assert.Equal(2.0 / 16, activity.SaturationFraction);
    }

    /// <summary>A derivative is a tenth of its largest where tanh is ±√0.9 and where a sigmoid is ½ ± ½√0.9.</summary>
    [Theory]
    [InlineData(Squashing.Tanh, 0.948f, 0.949f)]
    [InlineData(Squashing.Tanh, -0.948f, -0.949f)]
    [InlineData(Squashing.Sigmoid, 0.974f, 0.975f)]
    [InlineData(Squashing.Sigmoid, 0.026f, 0.025f)]
    [InlineData(Squashing.Relu, 1e-9f, 0f)]
    internal void An_activation_is_saturated_where_its_derivative_is_below_a_tenth_of_its_largest(Squashing by, float open, float shut)
    {
        Assert.Equal(0, CellActivity.Of([open], 1, [("x", by)]).SaturationFraction);
        Assert.Equal(1, CellActivity.Of([shut], 1, [("x", by)]).SaturationFraction);
    }
}
