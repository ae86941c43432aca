using Rnn.Tensors;
using Rnn.Training;

namespace Rnn.Tests.Training;

/// <summary>Schedules, clipping, optimizers and measures at their borders; their course is proved by the golden cases.</summary>
public sealed class RuleEdgeTests
{
    [Theory]
    [InlineData(ScheduleKind.Constant)]
    [InlineData(ScheduleKind.Cosine)]
    [InlineData(ScheduleKind.Step)]
    [InlineData(ScheduleKind.Plateau)]
    public void After_the_warm_up_the_rate_starts_at_its_peak_even_if_nothing_follows(ScheduleKind schedule)
    {
        var config = new TrainingConfig { LearningRate = 0.4, WarmupSteps = 4, Schedule = schedule };
        Assert.Equal([0.1, 0.2, 0.3, 0.4, 0.4], Enumerable.Range(0, 5).Select(t => Math.Round(LearningRate.At(config, t, totalSteps: 4), 12)));
    }

    [Fact]
    public void The_steps_are_counted_from_the_end_of_the_warm_up()
    {
        var config = new TrainingConfig { LearningRate = 0.4, WarmupSteps = 1, Schedule = ScheduleKind.Step, StepSize = 2, Decay = 0.5 };
        Assert.Equal([0.4, 0.4, 0.4, 0.2, 0.2, 0.1], Enumerable.Range(0, 6).Select(t => LearningRate.At(config, t, totalSteps: 6)));
    }

    [Fact]
    public void No_gradient_has_no_size_and_a_small_one_is_left_alone()
    {
        Assert.Equal((0, 0), (Clipping.Norm([]), Clipping.MaximumNorm([])));
        Assert.Equal(3, Clipping.MaximumNorm([1, -3, 2]));
        Assert.Equal([1, 1, 2 / 8.000001, 1 / 1.000001], new[] { Clipping.Factor(8, 0), Clipping.Factor(1, 2), Clipping.Factor(8, 2), Clipping.Factor(1, 1) });
    }

    /// <summary>As PyTorch: a rate that would move by less than 1e-8 stays, and a plateau is relative to the best figure.</summary>
    [Fact]
    public void A_plateau_bears_its_patience_then_lowers_the_rate_but_never_below_the_least()
    {
        var config = new PlateauConfig { Factor = 0.1, Patience = 1, Least = 0.05, Threshold = 0.1 };
        var plateau = new Plateau(1);
        var rates = new List<double>();
        // 95 is better than 100 by less than a tenth: not better.
        foreach (var figure in new double[] { 100, 95, 95, 95, 95, 80, 80, 80 }) rates.Add((plateau = plateau.After(figure, config)).Rate);
        Assert.Equal([1, 1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05], rates);
        Assert.Equal(new Plateau(0.05, 80), plateau);
        Assert.Equal(9.5e-9, new Plateau(9.5e-9, 1, Bad: 1).After(2, config with { Least = 0 }).Rate);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_same_figure_again_is_no_better_one(bool higherIsBetter) =>
        Assert.Equal(1, new Plateau(1, 5).After(5, new PlateauConfig { Threshold = 0, HigherIsBetter = higherIsBetter }).Bad);

    [Fact]
    public void While_a_plateau_cools_down_nothing_counts()
    {
        var config = new PlateauConfig { Factor = 0.5, Patience = 0, Cooldown = 2 };
        var plateau = new Plateau(1, 1);
        Assert.Equal([0.5, 0.5, 0.5, 0.25], Enumerable.Range(0, 4).Select(_ => (plateau = plateau.After(1, config)).Rate));
    }

    /// <summary>Settings of one kind do not reach another.</summary>
    [Theory]
    [InlineData(OptimizerKind.Sgd, 0.1, 1e-8)]
    [InlineData(OptimizerKind.Momentum, 0.1, 1e-8)]
    [InlineData(OptimizerKind.Rmsprop, 0.1, 1e-8)]
    [InlineData(OptimizerKind.Adagrad, 0.05, 1e-10)]
    public void The_third_update_of_an_optimizer_without_adams_corrections(OptimizerKind kind, double rate, double epsilon)
    {
        var parameters = new ParameterSet();
        parameters.Allocate();
        var numbers = new Optimizer(new() { Kind = kind, LearningRateDecay = 0.5 }, parameters).Numbers(3, 0.1);
        Assert.Equal(((float)rate, 1f, (float)epsilon), (numbers.StepSize, numbers.RootScale, numbers.Epsilon));
    }

    [Fact]
    public void An_optimizer_remembers_what_its_kind_needs_and_an_unknown_kind_is_refused()
    {
        var parameters = new ParameterSet();
        parameters.Add("w", [4]);
        parameters.Allocate();
        string[] Names(OptimizerConfig config) => [.. new Optimizer(config, parameters).State.Select(s => s.Name)];
        Assert.Equal([], Names(new() { Kind = OptimizerKind.Sgd }));
        Assert.Equal(["momentum_buffer"], Names(new() { Kind = OptimizerKind.Nesterov }));
        Assert.Equal(["square_avg"], Names(new() { Kind = OptimizerKind.Rmsprop }));
        Assert.Equal(["square_avg", "grad_avg", "momentum_buffer"], Names(new() { Kind = OptimizerKind.Rmsprop, Centered = true, Momentum = 0.1 }));
        Assert.Equal(["sum"], Names(new() { Kind = OptimizerKind.Adagrad }));
        Assert.Equal(["exp_avg", "exp_avg_sq"], Names(new() { Kind = OptimizerKind.Adam }));
        Assert.Equal(["exp_avg", "exp_avg_sq", "max_exp_avg_sq"], Names(new() { Kind = OptimizerKind.Adamw, AmsGrad = true }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Names(new() { Kind = (OptimizerKind)99 }));
    }

    [Fact]
    public void A_calibration_does_not_see_rows_without_a_label()
    {
        float Factor(float logit) => Calibration.Factor([2, 1, 0, 1, 1, 3, logit, 0], [0, 1, 0, -1], 2);
        Assert.Equal(Factor(5), Factor(-5));
    }

    [Fact]
    public void A_score_reads_as_perplexity_and_in_bits()
    {
        var score = new Score(Math.Log(8), 0.5, null);
        Assert.Equal(8, score.Perplexity, 1e-12);
        Assert.Equal(3, score.BitsPerTarget, 1e-12);
    }

    [Theory]
    [InlineData(0, new float[] { 0, 1, 0, 0 })]
    [InlineData(2, new float[] { 0, 4, 1, 0 })]
    [InlineData(3, new float[] { 3, 5, 0, -2 })]
    public void The_spectral_radius_of_known_matrices(double radius, float[] matrix) => Assert.Equal(radius, SpectralRadius.Of(matrix, 2), 1e-4);
}
