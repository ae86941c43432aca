namespace Rnn.Models;

/// <summary>What is minimised: cross-entropy, smoothed and weighted.</summary>
/// <param name="LabelSmoothing">Share of the target spread over all classes.</param>
/// <param name="ClassWeights">One weight a class; empty weighs all alike.</param>
public readonly record struct Objective(float LabelSmoothing, ReadOnlyMemory<float> ClassWeights = default);
