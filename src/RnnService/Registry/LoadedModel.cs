using Rnn.Data;
using Rnn.Models;

namespace RnnService.Registry;

/// <summary>A model in memory, ready to answer, with the queues its requests share.</summary>
internal sealed class LoadedModel(TrainedModel model)
{
    /// <summary>Immutable: all requests use it at once without a lock.</summary>
    public TrainedModel Model => model;

    /// <summary>Joins classifications that arrive while others are being computed.</summary>
    public MicroBatcher<Sequence, float[]> Classifications { get; } = new(model.Classify);

    /// <summary>Joins labelings likewise: each a sequence and where it goes on.</summary>
    public MicroBatcher<(Sequence Input, float[]? State), LabeledSequence> Labelings { get; } =
        new(inputs => model.Label([.. inputs.Select(input => input.Input)], [.. inputs.Select(input => input.State)]));
}
