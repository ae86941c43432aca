namespace Rnn.Training;

/// <summary>What one update did.</summary>
/// <param name="Step">Updates so far, this one included.</param>
/// <param name="Loss">Mean training loss per target of the batch, smoothed, in nats.</param>
/// <param name="GradientNorm">Norm of the whole gradient before clipping.</param>
/// <param name="ClippedNorm">The same after clipping by norm.</param>
/// <param name="LearningRate">The rate used.</param>
/// <param name="Tokens">Steps that were trained.</param>
/// <param name="EpochEnd">Set when this update ended an epoch.</param>
public sealed record StepReport(long Step, double Loss, double GradientNorm, double ClippedNorm, double LearningRate, int Tokens, EpochReport? EpochEnd)
{
    /// <summary>How large weights and update are, where it was asked for.</summary>
    public UpdateSize? Size { get; init; }
}

/// <summary>Norms over all weights.</summary>
/// <param name="WeightNorm">Before the update.</param>
/// <param name="UpdateNorm">Of what the update added; about a thousandth of the weights' is usual.</param>
public sealed record UpdateSize(double WeightNorm, double UpdateNorm);

/// <summary>What an epoch reached.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="TrainLoss">Mean loss over the epoch's batches while training (dropout on, smoothed).</param>
/// <param name="TrainAccuracy">Accuracy of the same passes.</param>
/// <param name="Validation">Measured after the epoch with calibrated probabilities (<see cref="Calibration"/>), as they would be published.</param>
/// <param name="GradientNorm">Mean norm before clipping.</param>
/// <param name="IsBest">Whether the validation loss is the lowest so far, or too few targets tell (<see cref="TrainingConfig.FewestTargetsToChoose"/>).</param>
public sealed record EpochReport(int Epoch, double TrainLoss, double TrainAccuracy, Score Validation, double GradientNorm, bool IsBest);

/// <summary>The loss or its gradient stopped being a number, or rose far above that of a guess.</summary>
/// <param name="step">The update that could not be made.</param>
/// <param name="found">What was found there.</param>
public sealed class TrainingDivergedException(ulong step, string found) : Exception(FormattableString.Invariant($"Training diverged in step {step}: {found}."))
{
    /// <summary>The update it would have been; 1 before anything was learnt.</summary>
    public ulong Step => step;
}
