using Rnn.Models;

namespace RnnService.Registry;

/// <summary>A model in memory, ready to answer, with the queue its requests share.</summary>
internal sealed class LoadedModel(TrainedModel model)
{
    /// <summary>Immutable: all requests use it at once without a lock.</summary>
    public TrainedModel Model => model;

    /// <summary>Joins requests that arrive while others are being computed.</summary>
    public MicroBatcher Batcher { get; } = new(model.Classify);
}
