using Rnn.Data;
using Rnn.Models;
using Rnn.Training;

namespace RnnService.TrainingJobs;

/// <summary>From the settings of a spec to the core's configuration of a run.</summary>
internal static class TrainingConfigs
{
    private const int FewestTargetsToChoose = 100;
    // About two seconds of work on two cores.
    private const double FlopsPerSavePoint = 2e11;
    private const int MostStepsPerSavePoint = 100;

    /// <summary>The configuration; balanced class weights are counted in the training rows.</summary>
    public static TrainingConfig Of(TrainingSettings settings, ExampleSet train, Network network) => new()
    {
        Epochs = settings.Epochs,
        BatchSize = settings.BatchSize,
        AccumulateSteps = settings.AccumulateSteps,
        ShardRows = settings.ShardRows,
        Optimizer = new OptimizerConfig { Kind = settings.Optimizer, WeightDecay = settings.WeightDecay, Momentum = settings.Momentum ?? 0 },
        LearningRate = settings.LearningRate,
        WarmupSteps = settings.WarmupSteps,
        Schedule = settings.Schedule,
        StepSize = settings.StepSize ?? SpecDefaults.StepSize,
        Decay = settings.Decay ?? SpecDefaults.Decay,
        ClipNorm = settings.ClipNorm,
        ClipValue = settings.ClipValue ?? 0,
        LabelSmoothing = (float)settings.LabelSmoothing,
        ClassWeights = settings.ClassWeights == ClassWeighting.Balanced ? Balanced(train, network.Outputs) : default,
        UnknownRate = (float)(settings.UnknownRate ?? 0),
        ScheduledSampling = (float)(settings.ScheduledSampling ?? 0),
        EarlyStoppingPatience = settings.EarlyStoppingPatience,
        FewestTargetsToChoose = FewestTargetsToChoose,
        StepsPerSavePoint = StepsPerSavePoint(settings, train, network),
        Seed = (ulong)settings.Seed,
    };

    /// <summary>From the work of a step (forward and back, six operations a weight and token), not from a clock: a run repeated takes the same road.</summary>
    private static int StepsPerSavePoint(TrainingSettings settings, ExampleSet train, Network network)
    {
        var tokens = Enumerable.Range(0, train.Count).Average(row => Math.Max(train.Inputs[row].Steps, train.Targets[row].Length)) * settings.BatchSize * settings.AccumulateSteps;
        return (int)Math.Clamp(FlopsPerSavePoint / (6 * tokens * network.Parameters.DenseLength), 1, MostStepsPerSavePoint);
    }

    /// <summary><c>targets / (classes · targets of the class)</c>, as scikit-learn has it; 1 for a class that never occurs.</summary>
    private static float[] Balanced(ExampleSet train, int classes)
    {
        var counts = new long[classes];
        foreach (var targets in train.Targets)
            foreach (var target in targets.Span)
                if (target >= 0) counts[target]++;
        var total = counts.Sum();
        return [.. counts.Select(count => count == 0 ? 1f : (float)total / (classes * count))];
    }
}
