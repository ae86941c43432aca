namespace Rnn.Training;

/// <summary>Learning-rate schedules as pure functions of the update's number t, from 0; named as in PyTorch.</summary>
public static class LearningRate
{
    /// <summary>The rate of update <paramref name="step"/> (from 0): linear warm-up, then the schedule over the remaining steps. A plateau's own factor comes on top (<see cref="Plateau"/>).</summary>
    public static double At(TrainingConfig config, long step, long totalSteps)
    {
        if (step < config.WarmupSteps) return LinearWarmup(config.LearningRate, step, config.WarmupSteps);
        long after = step - config.WarmupSteps;
        return config.Schedule switch
        {
            ScheduleKind.Step => Step(config.LearningRate, after, config.StepSize, config.Decay),
            ScheduleKind.Cosine => Cosine(config.LearningRate, after, Math.Max(1, totalSteps - config.WarmupSteps)),
            _ => config.LearningRate,
        };
    }

    /// <summary><c>lr · gamma^⌊t / stepSize⌋</c>.</summary>
    public static double Step(double rate, long t, long stepSize, double gamma) => rate * Math.Pow(gamma, t / stepSize);

    /// <summary><c>lr · gamma^(milestones reached)</c>.</summary>
    public static double MultiStep(double rate, long t, IEnumerable<long> milestones, double gamma) => rate * Math.Pow(gamma, milestones.Count(milestone => milestone <= t));

    /// <summary><c>lr · gamma^t</c>.</summary>
    public static double Exponential(double rate, long t, double gamma) => rate * Math.Pow(gamma, t);

    /// <summary>Half a cosine from lr down to <paramref name="least"/> at <paramref name="period"/>, which is kept from there on (Loshchilov &amp; Hutter 2017).</summary>
    public static double Cosine(double rate, long t, long period, double least = 0) => least + ((rate - least) * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, t / (double)period))));

    /// <summary><c>lr · min(1, (t + 1) / warmup)</c>.</summary>
    public static double LinearWarmup(double rate, long t, long warmup) => rate * Math.Min(1, (t + 1) / (double)warmup);

    /// <summary>From <c>lr · start</c> straight to lr at <paramref name="steps"/>.</summary>
    public static double Linear(double rate, long t, double start, long steps) => rate * (start + ((1 - start) * Math.Min(1, t / (double)steps)));
}
