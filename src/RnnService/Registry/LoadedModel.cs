using Rnn.Models;

namespace RnnService.Registry;

/// <summary>A model in memory, ready to answer, with the queue its requests share.</summary>
internal sealed class LoadedModel(TrainedClassifier classifier)
{
    /// <summary>Immutable: all requests use it at once without a lock.</summary>
    public TrainedClassifier Classifier => classifier;

    /// <summary>Joins requests that arrive while others are being computed.</summary>
    public MicroBatcher Batcher { get; } = new(classifier.Classify);
}
