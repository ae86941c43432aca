using Rnn.Tests.Golden;

namespace Rnn.Tests.Oracle;

/// <summary>Why the oracle may be trusted: central differences, and PyTorch's figures within a tenth of their tolerance.</summary>
public sealed class OracleTests
{
    private static readonly string[] s_kinds = ["rnn_step", "rnn_sequence", "rnn_model_ce", "ce_logits", "embedding"];

    public static IEnumerable<TheoryDataRow<string>> Cases() =>
        GoldenFolder.Cases.Where(e => s_kinds.Contains(e.Kind)).Select(e => new TheoryDataRow<string>(e.Name));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Agrees_with_the_golden_figures(string name)
    {
        var entry = GoldenFolder.Named(name);
        var golden = GoldenCase.Load(entry);
        OracleGolden.Run(entry.Kind, golden).AssertMatches(golden, share: 0.15);
    }

    public static TheoryData<string, Func<double, double>> Functions() => new()
    {
        { "tanh", Slope(v => v.Tanh()) }, { "sigmoid", Slope(v => v.Sigmoid()) }, { "exp", Slope(v => v.Exp()) }, { "log", Slope(v => (v * v + 1).Log()) },
        { "quotient", Slope(v => (v * 3) / (v * v + 2)) }, { "difference", Slope(v => (1 - v) * v - v) }, { "relu", Slope(v => v.Relu()) }, { "max", Slope(v => Var.Max(v * v, v)) },
    };

    /// <summary>Difference between the tape's slope of f at x and the central difference.</summary>
    private static Func<double, double> Slope(Func<Var, Var> f) => x =>
    {
        var tape = new Tape();
        var leaf = tape.Leaf(x);
        tape.Backward(f(leaf));
        double At(double v) => f(new Tape().Leaf(v)).Value;
        return leaf.Gradient - (At(x + 1e-5) - At(x - 1e-5)) / 2e-5;
    };

    [Theory]
    [MemberData(nameof(Functions), DisableDiscoveryEnumeration = true)]
    public void Slopes_agree_with_central_differences(string name, Func<double, double> error)
    {
        foreach (var x in new[] { -2.5, -0.7, 0.3, 1.9 })
            Assert.True(Math.Abs(error(x)) < 1e-8, $"{name} at {x}: {error(x)}");
    }

    [Fact]
    public void A_node_used_twice_gets_both_gradients()
    {
        var tape = new Tape();
        var x = tape.Leaf(3);
        tape.Backward(x * x + x * 2);
        Assert.Equal(8, x.Gradient);
    }
}
