namespace Rnn.Training;

/// <summary>Learning-rate schedules.</summary>
public static class LearningRate
{
    /// <summary>The rate of update <paramref name="step"/> (from 0): linear warm-up, then the schedule over the remaining steps.</summary>
    public static double At(TrainingConfig config, long step, long totalSteps)
    {
        if (step < config.WarmupSteps) return config.LearningRate * (step + 1) / config.WarmupSteps;
        if (config.Schedule == ScheduleKind.Constant) return config.LearningRate;
        double progress = Math.Min(1, (step - config.WarmupSteps) / (double)Math.Max(1, totalSteps - config.WarmupSteps));
        return config.LearningRate * 0.5 * (1 + Math.Cos(Math.PI * progress));
    }
}
