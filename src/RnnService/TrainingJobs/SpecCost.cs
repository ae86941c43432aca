using Rnn.Cells;
using Rnn.Data;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>What a spec will need, estimated before anything is read: an upper bound, because the vocabulary is not known yet.</summary>
/// <param name="Parameters">Weights of the network.</param>
/// <param name="MemoryBytes">Memory while training, beside what the service needs anyway.</param>
internal sealed record SpecCost(long Parameters, long MemoryBytes)
{
    // Weights, gradients, two Adam moments, the best weights, packed copies and a checkpoint on its way.
    private const long CopiesOfParameters = 9;

    /// <summary>Estimates from the shapes alone.</summary>
    /// <param name="spec">The resolved spec.</param>
    /// <param name="data">Facts of the training data.</param>
    /// <param name="datasetBytes">Size of all datasets' files.</param>
    public static SpecCost Estimate(TrainingSpec spec, DatasetFacts data, long datasetBytes)
    {
        var network = spec.Network;
        long gates = network.Cell switch { CellKind.Lstm => 4, CellKind.Gru => 3, _ => 1 };
        long directions = network.Bidirectional is true ? 2 : 1;
        long input = network.EmbeddingSize ?? data.FeatureSize;
        long hidden = network.HiddenSize;
        var vocabulary = spec.Tokenizer is { } tokenizer
            ? Math.Min((long)tokenizer.VocabularySize * (tokenizer.TokenNgrams + (int)tokenizer.SubwordFeatures), Math.Max(1_000, datasetBytes / 2)) : 0;
        long outputs = data.EmitsText ? vocabulary : data.Classes;
        long scans = data.Task == LearningTask.Translation ? 2 : 1;
        var parameters = vocabulary * input * scans;
        for (var layer = 0; layer < network.Layers; layer++)
            parameters += scans * directions * gates * hidden * ((layer == 0 ? input : directions * hidden) + hidden + 2);
        if (network.TieWeights is not true) parameters += (scans * directions * hidden + 1) * outputs;

        // Per step and row: the inputs and their gradients, the gates, states and their gradients, the logits.
        var perStep = 3 * input + network.Layers * scans * directions * (gates + 6) * hidden + (data.EmitsText ? outputs : 0);
        long steps = spec.Training.BpttSteps ?? Math.Max(data.MaxLength, data.TargetMaxLength);
        var activations = 2L * spec.Training.BatchSize * steps * perStep * sizeof(float);
        return new SpecCost(parameters, CopiesOfParameters * parameters * sizeof(float) + activations + 4 * datasetBytes);
    }
}
