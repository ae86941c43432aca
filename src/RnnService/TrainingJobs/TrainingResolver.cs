using Rnn.Models;
using Rnn.Training;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>The training part of <see cref="SpecResolver"/>.</summary>
internal static class TrainingResolver
{
    /// <summary>All settings of the learning; what is wrong goes to <paramref name="errors"/>.</summary>
    public static TrainingSettings Resolve(TrainingRequest given, bool holdsOut, DatasetFacts data, NetworkSpec network, SpecDefaults defaults, FieldErrors errors)
    {
        void only(string field, bool asked, bool available, string where) => errors.Unavailable($"/training/{field}", asked && !available, $"Leave it out: {where}.");
        var isStream = data.Task == LearningTask.LanguageModeling;
        var hasSteps = data.Task != LearningTask.VectorClassification;
        var readsTokens = !data.IsNumeric;
        var readsBack = data.Task == LearningTask.Translation || network.Feedback == Feedback.Outputs;
        var optimizer = errors.Choice("/training/optimizer", given.Optimizer, OptimizerKind.Adam, Enum.GetValues<OptimizerKind>());
        var schedule = errors.Choice("/training/schedule", given.Schedule, defaults.Schedule, Enum.GetValues<ScheduleKind>());
        var hasMomentum = optimizer is OptimizerKind.Momentum or OptimizerKind.Nesterov;
        only("bptt_steps", given.BpttSteps is not null, isStream, "only language models are trained on a stream that must be cut; other tasks see whole sequences");
        only("momentum", given.Momentum is not null, hasMomentum || optimizer == OptimizerKind.Rmsprop, "momentum is of the optimizers momentum, nesterov and rmsprop");
        only("step_size", given.StepSize is not null, schedule == ScheduleKind.Step, "step_size is of the schedule step");
        only("decay", given.Decay is not null, schedule is ScheduleKind.Step or ScheduleKind.Plateau, "decay is of the schedules step and plateau");
        only("class_weights", given.ClassWeights is not (null or "none"), !data.EmitsText, "there are no classes where text is emitted");
        only("unknown_rate", given.UnknownRate is not null, readsTokens, "numbers have no unknown tokens");
        only("scheduled_sampling", given.ScheduledSampling is not (null or 0), readsBack, "it is for translation, and captioning that feeds outputs back");
        only("validation_fraction", given.ValidationFraction is not null, holdsOut, "the validation dataset is used whole");
        only("gradient_flow", given.GradientFlow is true, hasSteps, "a vector has one step, through which no gradient flows back in time");
        var seed = given.Seed ?? SpecDefaults.Seed;
        if (seed < 0) errors.Add("/training/seed", $"training.seed is {seed}; it must be 0 or more.", "Send a whole number from 0 to 9007199254740991.");
        var batchSize = errors.Whole("/training/batch_size", given.BatchSize, defaults.BatchSize, 1, 4_096);
        return new TrainingSettings
        {
            Epochs = errors.Whole("/training/epochs", given.Epochs, defaults.Epochs, 1, 10_000),
            MaxMinutes = errors.Number("/training/max_minutes", given.MaxMinutes, 0.01, 10_080),
            BatchSize = batchSize,
            ShardRows = errors.Whole("/training/shard_rows", given.ShardRows, SpecDefaults.ShardRows(batchSize), 1, 1_024),
            AccumulateSteps = errors.Whole("/training/accumulate_steps", given.AccumulateSteps, 1, 1, 1_024),
            BpttSteps = isStream ? errors.Whole("/training/bptt_steps", given.BpttSteps, defaults.BpttSteps, 1, 10_000) : null,
            Optimizer = optimizer,
            Momentum = hasMomentum ? errors.Number("/training/momentum", given.Momentum, SpecDefaults.Momentum, 0, 0.999)
                : optimizer == OptimizerKind.Rmsprop ? errors.Number("/training/momentum", given.Momentum, 0, 0, 0.999) : null,
            LearningRate = errors.Number("/training/learning_rate", given.LearningRate, defaults.LearningRateOf(optimizer), 1e-8, 10),
            WeightDecay = errors.Number("/training/weight_decay", given.WeightDecay, SpecDefaults.WeightDecay, 0, 1),
            Schedule = schedule,
            StepSize = schedule == ScheduleKind.Step ? errors.Whole("/training/step_size", given.StepSize, SpecDefaults.StepSize, 1, 100_000_000) : null,
            Decay = schedule is ScheduleKind.Step or ScheduleKind.Plateau ? errors.Number("/training/decay", given.Decay, SpecDefaults.Decay, 0.001, 1) : null,
            WarmupSteps = errors.Whole("/training/warmup_steps", given.WarmupSteps, defaults.WarmupSteps, 0, 1_000_000),
            ClipNorm = errors.Number("/training/clip_norm", given.ClipNorm, defaults.ClipNorm, 0, 1e6),
            ClipValue = errors.Number("/training/clip_value", given.ClipValue, 1e-6, 1e6),
            LabelSmoothing = errors.Number("/training/label_smoothing", given.LabelSmoothing, defaults.LabelSmoothing, 0, 0.9),
            ClassWeights = data.EmitsText ? null : errors.Choice("/training/class_weights", given.ClassWeights, ClassWeighting.None, Enum.GetValues<ClassWeighting>()),
            UnknownRate = readsTokens ? errors.Number("/training/unknown_rate", given.UnknownRate, defaults.UnknownRate, 0, 0.9) : null,
            ScheduledSampling = readsBack ? errors.Number("/training/scheduled_sampling", given.ScheduledSampling, 0, 0, 1) : null,
            ValidationFraction = holdsOut ? errors.Number("/training/validation_fraction", given.ValidationFraction, SpecDefaults.ValidationFraction, 0.01, 0.5) : null,
            EarlyStoppingPatience = errors.Whole("/training/early_stopping_patience", given.EarlyStoppingPatience, defaults.EarlyStoppingPatience, 0, 10_000),
            GradientFlow = hasSteps ? given.GradientFlow ?? true : null,
            Seed = seed,
        };
    }
}
