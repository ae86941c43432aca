namespace Rnn.Training;

/// <summary>What a classifier reaches on a set.</summary>
/// <param name="Loss">Mean cross-entropy in nats per sequence, unsmoothed and unweighted.</param>
/// <param name="Accuracy">Share of sequences whose most probable class is right.</param>
/// <param name="MacroF1">Mean over all classes of F1 (0 where a class is neither predicted nor present).</param>
public sealed record Metrics(double Loss, double Accuracy, double MacroF1);
