using System.Collections.Concurrent;
using System.Text.Json;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>
/// A classifier with all it needs to answer: network, tokenizer or frame scaler, label names.
/// Immutable; shared by any number of threads without a lock. Saved as safetensors, everything but the weights in its metadata.
/// </summary>
public sealed class TrainedClassifier
{
    private const int RowsPerPass = 32;
    private const string NetworkKey = "network";
    private const string TokenizerKey = "tokenizer";
    private const string ScalerKey = "scaler";
    private const string LabelsKey = "labels";

    private readonly SequenceClassifier _network;
    private readonly Tokenizer? _tokenizer;
    private readonly FrameScaler? _scaler;
    private readonly ConcurrentBag<NetworkPass> _passes = [];

    /// <summary>Joins the parts; exactly one of tokenizer and scaler is given. Packs the network's weights for prediction.</summary>
    /// <exception cref="ArgumentException">The parts do not fit each other.</exception>
    public TrainedClassifier(SequenceClassifier network, Tokenizer? tokenizer, FrameScaler? scaler, IReadOnlyList<string> labels)
    {
        if (tokenizer is null == scaler is null) throw new ArgumentException("A classifier reads either text, with a tokenizer, or frames, with a scaler.", nameof(tokenizer));
        if (labels.Count != network.Outputs) throw new ArgumentException($"{labels.Count} labels for {network.Outputs} classes.", nameof(labels));
        _network = network;
        _tokenizer = tokenizer;
        _scaler = scaler;
        Labels = labels;
        network.Pack(training: false);
    }

    /// <summary>The names of the classes, in the order of the probabilities.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Values of one frame, 0 for a classifier of text.</summary>
    public int FeatureSize => _network.Config.Encoder.FeatureSize;

    /// <summary>Memory it holds: weights once as stored, the recurrent and linear ones once more packed.</summary>
    public long SizeInBytes => sizeof(float) * ((long)_network.Parameters.Length + _network.Parameters.DenseLength);

    /// <summary>Weights as tensors.</summary>
    public IEnumerable<SafeTensor> Tensors => _network.Parameters.AsTensors(_network.Parameters.Values);

    /// <summary>The steps of a text.</summary>
    /// <exception cref="ArgumentException">The classifier reads frames, or the text is empty.</exception>
    public Sequence Encode(string text) => TextTokenizer.Encode(text);

    /// <summary>The steps of a text that is already tokens.</summary>
    /// <exception cref="ArgumentException">The classifier reads frames, or there are no tokens.</exception>
    public Sequence EncodeTokens(IReadOnlyList<string> tokens) => TextTokenizer.EncodeTokens(tokens);

    /// <summary>Frames, scaled.</summary>
    /// <exception cref="ArgumentException">The classifier reads text, there is no frame, or one has another size.</exception>
    public Sequence EncodeFrames(float[][] frames)
    {
        if (_scaler is null) throw new ArgumentException("This model reads text: send a string or an array of tokens, not frames.", nameof(frames));
        if (frames.Length == 0) throw new ArgumentException($"The sequence is empty: send at least one frame of {FeatureSize} numbers.", nameof(frames));
        for (int t = 0; t < frames.Length; t++)
        {
            if (frames[t].Length != FeatureSize)
                throw new ArgumentException($"Frame {t} has {frames[t].Length} numbers, this model reads frames of {FeatureSize}.", nameof(frames));
        }

        return _scaler.Apply(Sequence.OfFrames(frames.SelectMany(frame => frame).ToArray(), FeatureSize));
    }

    /// <summary>Probabilities per input, in the order of the inputs and of <see cref="Labels"/>.</summary>
    public float[][] Classify(IReadOnlyList<Sequence> inputs)
    {
        float[][] probabilities = new float[inputs.Count][];
        if (!_passes.TryTake(out NetworkPass? pass)) pass = _network.CreatePass();
        var examples = ExampleSet.Unlabelled(inputs);
        foreach (int[] rows in Batching.ByLength(examples, RowsPerPass))
        {
            pass.Assign(examples, rows);
            ReadOnlySpan<float> logits = pass.Forward();
            for (int i = 0; i < rows.Length; i++)
            {
                float[] row = new float[Labels.Count];
                CrossEntropy.Softmax(logits.Slice(i * row.Length, row.Length), row);
                probabilities[rows[i]] = row;
            }
        }

        _passes.Add(pass);
        return probabilities;
    }

    /// <summary>Writes weights, tokenizer or scaler, labels and the given metadata as safetensors.</summary>
    public void Save(Stream stream, IReadOnlyDictionary<string, string> metadata)
    {
        var all = new Dictionary<string, string>(metadata)
        {
            [NetworkKey] = JsonSerializer.Serialize(_network.Config),
            [LabelsKey] = JsonSerializer.Serialize(Labels),
        };
        if (_tokenizer is not null) all[TokenizerKey] = _tokenizer.ToJson();
        if (_scaler is not null) all[ScalerKey] = _scaler.ToJson();
        SafeTensors.Write(stream, Tensors, all);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is not a saved classifier.</exception>
    public static TrainedClassifier Load(Stream stream)
    {
        SafeTensorsFile file = SafeTensors.Read(stream);
        string required(string key) => file.Metadata.TryGetValue(key, out string? value) ? value : throw new InvalidDataException($"The file has no metadata '{key}': it is not a saved classifier.");
        try
        {
            var config = JsonSerializer.Deserialize<SequenceClassifierConfig>(required(NetworkKey)) ?? throw new InvalidDataException("The network's description is empty.");
            var network = new SequenceClassifier(config);
            network.Parameters.CopyFrom(file, network.Parameters.Values);
            return new TrainedClassifier(
                network,
                file.Metadata.TryGetValue(TokenizerKey, out string? tokenizer) ? Tokenizer.FromJson(tokenizer) : null,
                file.Metadata.TryGetValue(ScalerKey, out string? scaler) ? FrameScaler.FromJson(scaler) : null,
                JsonSerializer.Deserialize<string[]>(required(LabelsKey)) ?? []);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"Not a saved classifier: {e.Message}", e);
        }
    }

    private Tokenizer TextTokenizer =>
        _tokenizer ?? throw new ArgumentException($"This model reads frames: send arrays of {FeatureSize} numbers, not text.");
}
