namespace Rnn.Training;

/// <summary>How the learning rate moves over the planned steps.</summary>
public enum ScheduleKind
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>Half a cosine down to zero (Loshchilov &amp; Hutter 2017).</summary>
    Cosine,

    /// <summary>Multiplied by <see cref="TrainingConfig.Decay"/> every <see cref="TrainingConfig.StepSize"/> updates.</summary>
    Step,

    /// <summary>Multiplied by <see cref="TrainingConfig.Decay"/> when the validation loss stops falling (<see cref="Plateau"/>).</summary>
    Plateau,
}

/// <summary>Everything that fixes a training run besides model and data.</summary>
public sealed record TrainingConfig
{
    /// <summary>Passes over the training set, at most.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Sequences per update.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Batches whose gradients are averaged for one update.</summary>
    public int AccumulateSteps { get; init; } = 1;

    /// <summary>Rows that one shard of a batch takes: part of the result's bits, so not derived from the machine.</summary>
    public int ShardRows { get; init; } = 16;

    /// <summary>How a gradient becomes an update.</summary>
    public OptimizerConfig Optimizer { get; init; } = new();

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Updates over which the rate rises linearly from zero.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>What follows the warm-up.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Updates from one step of the rate to the next (<see cref="ScheduleKind.Step"/>).</summary>
    public int StepSize { get; init; } = 1000;

    /// <summary>Factor on the rate (<see cref="ScheduleKind.Step"/>, <see cref="ScheduleKind.Plateau"/>).</summary>
    public double Decay { get; init; } = 0.5;

    /// <summary>Largest norm of the whole gradient (Pascanu et al. 2013); 0 does not clip.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Largest absolute value in the gradient, after clipping by norm; 0 does not clip.</summary>
    public double ClipValue { get; init; }

    /// <summary>Share of the target spread over all classes.</summary>
    public float LabelSmoothing { get; init; }

    /// <summary>One weight a class, so that rare ones are not forgotten; empty weighs all alike.</summary>
    public ReadOnlyMemory<float> ClassWeights { get; init; }

    /// <summary>Share of training tokens replaced by the unknown one.</summary>
    public float UnknownRate { get; init; }

    /// <summary>Share of the steps of a text that read what the network itself chose before them; rises linearly from 0 over the planned updates. Costs a second forward pass.</summary>
    public float ScheduledSampling { get; init; }

    /// <summary>Epochs without a better validation loss after which training stops; 0 never stops early.</summary>
    public int EarlyStoppingPatience { get; init; }

    /// <summary>With fewer validation targets than this every epoch counts as the best so far: on a handful the lowest loss is luck, and the last epoch, when the rate has come to rest, the better choice.</summary>
    public int FewestTargetsToChoose { get; init; }

    /// <summary>Updates from one save point to the next: what is done again after a divergence. Counted, not timed, so that a run repeated takes the same road.</summary>
    public int StepsPerSavePoint { get; init; } = 50;

    /// <summary>Seed of weights, order and dropout.</summary>
    public ulong Seed { get; init; } = 1;
}
