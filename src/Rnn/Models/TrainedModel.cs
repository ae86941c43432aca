using System.Collections.Concurrent;
using System.Text.Json;
using Rnn.Data;
using Rnn.Kernels;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>What a labeler says of one sequence.</summary>
/// <param name="Probabilities"><c>[steps, labels]</c>.</param>
/// <param name="State">Where the next steps go on; empty for two directions.</param>
public readonly record struct LabeledSequence(float[] Probabilities, float[] State);

/// <summary>
/// A network with all it needs to answer. Immutable; shared by any number of threads without a lock. Saved as safetensors, everything but the weights in its metadata.
/// </summary>
public sealed class TrainedModel
{
    private const int RowsPerPass = 32;
    private const string NetworkKey = "network";

    private readonly ConcurrentBag<NetworkPass> _passes = [];

    /// <summary>Joins the parts and packs the network's weights for prediction.</summary>
    /// <exception cref="ArgumentException">The parts do not fit each other.</exception>
    public TrainedModel(Network network, Codec codec, WeightPrecision precision = WeightPrecision.Fp32)
    {
        if (codec.Input is null == codec.Scaler is null) throw new ArgumentException("A model reads either text, with a tokenizer, or numbers, with a scaler.", nameof(codec));
        if (network.EmitsTokens && codec.Output?.EmissionSize != network.Outputs) throw new ArgumentException($"A vocabulary of {codec.Output?.EmissionSize ?? 0} tokens for {network.Outputs} outputs.", nameof(codec));
        if (!network.EmitsTokens && codec.Labels.Count != network.Outputs) throw new ArgumentException($"{codec.Labels.Count} labels for {network.Outputs} classes.", nameof(codec));
        Network = network;
        Codec = codec;
        network.Pack(training: false);
        if (precision != WeightPrecision.Fp32) PrecisionLoss = PrecisionLoss.OfPacking(network, codec, precision);
    }

    /// <summary>The weights.</summary>
    public Network Network { get; }

    /// <summary>The way in and out.</summary>
    public Codec Codec { get; }

    /// <summary>What packing the weights in less than fp32 changed in its answers; null for fp32.</summary>
    public PrecisionLoss? PrecisionLoss { get; }

    /// <summary>Memory it holds at most: weights once as stored, the recurrent and linear ones once more packed (twice where single rows have a copy of their own), a small embedding folded into them.</summary>
    public long SizeInBytes => (sizeof(float) * (long)Network.Parameters.Length) + (PackedSize * (long)Network.Parameters.DenseLength) + Network.FoldedBytes;

    private int PackedSize => PrecisionLoss is not null ? sizeof(ushort) : TightRows.Pays ? 2 * sizeof(float) : sizeof(float);

    /// <summary>Weights as tensors.</summary>
    public IEnumerable<SafeTensor> Tensors => Network.Parameters.AsTensors(Network.Parameters.Values);

    /// <summary>For networks with one answer a sequence: probabilities per input, in the order of the inputs and of the labels.</summary>
    public float[][] Classify(IReadOnlyList<Sequence> inputs)
    {
        float[][] probabilities = new float[inputs.Count][];
        Run(inputs, null, (rows, pass, logits) =>
        {
            for (int i = 0; i < rows.Length; i++) probabilities[rows[i]] = Softmax(logits, i);
        });
        return probabilities;
    }

    /// <summary>For labelers: the probabilities of every step, going on from <paramref name="states"/> where they are given.</summary>
    /// <exception cref="ArgumentException">A state is of another size.</exception>
    public LabeledSequence[] Label(IReadOnlyList<Sequence> inputs, IReadOnlyList<float[]?> states)
    {
        int size = Network.CarriedStateSize;
        if (states.FirstOrDefault(state => state is not null && state.Length != size) is { } wrong) throw new ArgumentException($"A state has {wrong.Length} values, this model's {size}.", nameof(states));
        LabeledSequence[] labeled = [.. inputs.Select(input => new LabeledSequence(new float[input.Steps * Network.Outputs], new float[size]))];
        Run(inputs, states, (rows, pass, logits) =>
        {
            var layout = new SequenceLayout();
            layout.Assign([.. rows.Select(row => inputs[row].Steps)]);
            for (int i = 0; i < rows.Length; i++)
            {
                LabeledSequence one = labeled[rows[i]];
                for (int t = 0; t < inputs[rows[i]].Steps; t++) Softmax(logits, layout.OffsetAt(t) + i).CopyTo(one.Probabilities, t * Network.Outputs);
                pass.CarriedStates.Slice(i * size, size).CopyTo(one.State);
            }
        });
        return labeled;
    }

    /// <summary>One step of one sequence, for <see cref="StepLabeler"/>: <paramref name="state"/> is read and overwritten.</summary>
    internal void Step(ExampleSet step, Memory<float> state, Span<float> probabilities)
    {
        NetworkPass pass = TakePass();
        pass.CarriedStates = state;
        pass.Assign(step, [0]);
        CrossEntropy.Softmax(pass.Forward(), probabilities);
        pass.CarriedStates = default;
        _passes.Add(pass);
    }

    /// <summary>Writes weights, codec and the given metadata as safetensors.</summary>
    public void Save(Stream stream, IReadOnlyDictionary<string, string> metadata)
    {
        var all = new Dictionary<string, string>(metadata) { [NetworkKey] = JsonSerializer.Serialize(Network.Config) };
        Codec.WriteTo(all);
        SafeTensors.Write(stream, Tensors, all);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is not a saved model.</exception>
    public static TrainedModel Load(Stream stream, WeightPrecision precision = WeightPrecision.Fp32)
    {
        SafeTensorsFile file = SafeTensors.Read(stream);
        if (!file.Metadata.TryGetValue(NetworkKey, out string? shape)) throw new InvalidDataException($"The file has no metadata '{NetworkKey}': it is not a saved model.");
        try
        {
            Network network = (JsonSerializer.Deserialize<NetworkConfig>(shape) ?? throw new InvalidDataException("The network's description is empty.")).Build();
            network.Parameters.CopyFrom(file, network.Parameters.Values);
            return new TrainedModel(network, Codec.ReadFrom(file.Metadata, network.EmitsTokens), precision);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NotSupportedException)
        {
            throw new InvalidDataException($"Not a saved model: {e.Message}", e);
        }
    }

    private delegate void Visit(int[] rows, NetworkPass pass, ReadOnlySpan<float> logits);

    /// <summary>Runs inputs forward in batches, longest first; states are given and left in the order of a batch's rows.</summary>
    private void Run(IReadOnlyList<Sequence> inputs, IReadOnlyList<float[]?>? states, Visit visit)
    {
        NetworkPass pass = TakePass();
        var examples = ExampleSet.Unlabelled(inputs);
        foreach (int[] rows in Batching.ByLength(examples, RowsPerPass))
        {
            int size = Network.CarriedStateSize;
            if (states is not null && size > 0)
            {
                float[] table = new float[rows.Length * size];
                for (int i = 0; i < rows.Length; i++) states[rows[i]]?.CopyTo(table, i * size);
                pass.CarriedStates = table;
            }

            pass.Assign(examples, rows);
            visit(rows, pass, pass.Forward());
        }

        _passes.Add(pass);
    }

    private NetworkPass TakePass() => _passes.TryTake(out NetworkPass? pass) ? pass : NewPass();

    private NetworkPass NewPass()
    {
        NetworkPass pass = Network.CreatePass();
        pass.KeepsTrace = false;
        return pass;
    }

    private float[] Softmax(ReadOnlySpan<float> logits, int row)
    {
        float[] probabilities = new float[Network.Outputs];
        CrossEntropy.Softmax(logits.Slice(row * probabilities.Length, probabilities.Length), probabilities);
        return probabilities;
    }
}
