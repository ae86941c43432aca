using Rnn.Training;

namespace Rnn.Tests.Golden;

/// <summary>Learning-rate schedules.</summary>
internal static class ScheduleGolden
{
    public static IEnumerable<GoldenRunner> Runners => [GoldenRunner.Of("lr_schedule", Schedule)];

    private static void Schedule(GoldenCase golden)
    {
        var want = golden.Expected.GetProperty("lr").EnumerateArray().Select(r => r.GetDouble()).ToArray();
        double[] got = golden.Text("schedule") == "plateau" ? Plateau(golden) : [.. want.Select((_, t) => At(golden, t))];
        var (relative, absolute) = golden.Tolerance("expected");
        GoldenResult.AssertClose(golden.Name, want, got, relative, absolute);
    }

    private static double At(GoldenCase golden, int t)
    {
        var rate = golden.Number("lr", 0);
        return golden.Text("schedule") switch
        {
            "step" => LearningRate.Step(rate, t, golden.Int("step_size", 1), golden.Number("gamma", 1)),
            "multistep" => LearningRate.MultiStep(rate, t, golden.Setting("milestones").EnumerateArray().Select(m => m.GetInt64()), golden.Number("gamma", 1)),
            "exponential" => LearningRate.Exponential(rate, t, golden.Number("gamma", 1)),
            "cosine" => LearningRate.Cosine(rate, t, golden.Int("T_max", 1), golden.Number("eta_min", 0)),
            "linear_warmup" => LearningRate.LinearWarmup(rate, t, golden.Int("warmup", 1)),
            "linear_lr" => LearningRate.Linear(rate, t, golden.Number("start_factor", 1), golden.Int("total_iters", 1)),
            // What a training run uses: both in one.
            "warmup_cosine" => LearningRate.At(new TrainingConfig { LearningRate = rate, WarmupSteps = golden.Int("warmup", 0), Schedule = ScheduleKind.Cosine }, t, golden.Int("total", 0)),
            var other => throw new ArgumentException($"unknown schedule {other}", nameof(golden)),
        };
    }

    private static double[] Plateau(GoldenCase golden)
    {
        var config = new PlateauConfig
        {
            Factor = golden.Number("factor", 0.1),
            Patience = golden.Int("patience", 10),
            Cooldown = golden.Int("cooldown", 0),
            Threshold = golden.Number("threshold", 1e-4),
            Relative = golden.Text("threshold_mode") == "rel",
            HigherIsBetter = golden.Text("mode") == "max",
            Least = golden.Number("min_lr", 0),
        };
        var plateau = new Plateau(golden.Number("lr", 0));
        return [.. golden.Setting("metrics").EnumerateArray().Select(metric => (plateau = plateau.After(metric.GetDouble(), config)).Rate)];
    }
}
