using Rnn.Training;

namespace RnnService.TrainingJobs;

/// <summary>Counts what a job has done, over all its attempts.</summary>
internal sealed class ProgressMeter(StoredProgress start, int epochs, long totalSteps)
{
    private readonly long _firstStep = start.Shown.Step;
    private readonly double _firstSeconds = start.TrainingSeconds;
    private long _tokens = start.Tokens;
    private double _seconds = start.TrainingSeconds;
    private long _epochTokens;
    private double _epochSeconds;

    /// <summary>Time spent in training steps, all attempts together.</summary>
    public double TrainingSeconds => _seconds;

    /// <summary>Tokens per second of the epoch that is ending; begins the next one.</summary>
    public double EndEpoch()
    {
        var rate = _epochTokens / Math.Max(_epochSeconds, 1e-9);
        (_epochTokens, _epochSeconds) = (0, 0);
        return rate;
    }

    /// <summary>Adds a step. One that ended an epoch also measured, so it counts as long as the mean step.</summary>
    public void Add(StepReport report, double elapsedSeconds)
    {
        var steps = report.Step - _firstStep;
        if (report.EpochEnd is not null && steps > 1) elapsedSeconds = Math.Min(elapsedSeconds, (_seconds - _firstSeconds) / (steps - 1));
        _tokens += report.Tokens;
        _epochTokens += report.Tokens;
        _seconds += elapsedSeconds;
        _epochSeconds += elapsedSeconds;
    }

    /// <summary>The progress now.</summary>
    public StoredProgress At(TrainingState state)
    {
        var steps = state.Step - _firstStep;
        var perStep = steps > 0 ? (_seconds - _firstSeconds) / steps : _seconds / Math.Max(state.Step, 1);
        return new StoredProgress(new JobProgress
        {
            Epoch = state.Epoch,
            Epochs = epochs,
            Step = state.Step,
            TotalSteps = totalSteps,
            Fraction = (double)state.Step / totalSteps,
            TokensPerSecond = Math.Round(_tokens / Math.Max(_seconds, 1e-9), 1),
            EtaSeconds = state.Step == 0 ? null : Math.Round((totalSteps - state.Step) * perStep, 1),
        }, _tokens, _seconds);
    }
}
