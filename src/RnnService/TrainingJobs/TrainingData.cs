using System.Text.Json;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>The rows of a job as the network sees them, and what turned them into that.</summary>
/// <param name="Tokenizer">For text and tokens.</param>
/// <param name="Scaler">For frames.</param>
/// <param name="Labels">Names of the classes in ordinal order.</param>
/// <param name="Train">Rows to learn from.</param>
/// <param name="Validation">Rows that choose the best epoch.</param>
/// <param name="Test">Rows to measure the published weights on, if any.</param>
internal sealed record TrainingData(
    Tokenizer? Tokenizer, FrameScaler? Scaler, IReadOnlyList<string> Labels, ExampleSet Train, ExampleSet Validation, ExampleSet? Test)
{
    private const string TokenizerKey = "job_tokenizer";
    private const string ScalerKey = "job_scaler";
    private const string LabelsKey = "job_labels";

    /// <summary>What a checkpoint keeps, so that a resumed job need not learn it again.</summary>
    public IReadOnlyDictionary<string, string> Metadata
    {
        get
        {
            var metadata = new Dictionary<string, string> { [LabelsKey] = JsonSerializer.Serialize(Labels) };
            if (Tokenizer is not null) metadata[TokenizerKey] = Tokenizer.ToJson();
            if (Scaler is not null) metadata[ScalerKey] = Scaler.ToJson();
            return metadata;
        }
    }

    /// <summary>Learns tokenizer or scaling from the training rows (or takes them from a checkpoint) and encodes all rows.</summary>
    /// <param name="spec">The resolved spec.</param>
    /// <param name="training">Rows of the training dataset.</param>
    /// <param name="validation">Rows of the validation dataset; null holds a part of the training rows out.</param>
    /// <param name="test">Rows of the test dataset, if any.</param>
    /// <param name="checkpoint">The metadata of the checkpoint to go on from, if any.</param>
    public static TrainingData Make(
        TrainingSpec spec, IEnumerable<DatasetExample> training, IEnumerable<DatasetExample>? validation, IEnumerable<DatasetExample>? test,
        IReadOnlyDictionary<string, string>? checkpoint)
    {
        DatasetExample[] rows = [.. training];
        string[] labels = checkpoint is not null
            ? JsonSerializer.Deserialize<string[]>(checkpoint[LabelsKey])!
            : [.. rows.Select(row => row.Label!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var classes = labels.Select((label, i) => (label, i)).ToDictionary(pair => pair.label, pair => pair.i, StringComparer.Ordinal);
        DatasetExample[] train = rows, held;
        if (validation is null)
        {
            var split = Holdout.Split([.. rows.Select(row => classes[row.Label!])], labels.Length, spec.Training.ValidationFraction!.Value, (ulong)spec.Training.Seed);
            train = [.. split.Training.Select(row => rows[row])];
            held = [.. split.Validation.Select(row => rows[row])];
        }
        else
        {
            held = [.. validation];
        }

        var tokenizer = spec.Tokenizer is null ? null : checkpoint is not null ? Tokenizer.FromJson(checkpoint[TokenizerKey]) : LearnTokenizer(spec.Tokenizer, train);
        var scaler = spec.Features is null ? null : checkpoint is not null ? FrameScaler.FromJson(checkpoint[ScalerKey])
            : FrameScaler.Fit([.. train.Select(Frames)], spec.Features.Scaling);
        ExampleSet encode(IReadOnlyCollection<DatasetExample> examples) => ExampleSet.OfClasses(
            [.. examples.Select(row => scaler is not null ? scaler.Apply(Frames(row)) : row.Text is not null ? tokenizer!.Encode(row.Text) : tokenizer!.EncodeTokens(row.Tokens!))],
            [.. examples.Select(row => classes[row.Label!])]);
        return new TrainingData(tokenizer, scaler, labels, encode(train), encode(held), test is null ? null : encode([.. test]));
    }

    /// <summary>A network of the spec's shape for this data, its weights not yet drawn.</summary>
    public SequenceClassifier MakeNetwork(TrainingSpec spec)
    {
        var network = spec.Network;
        return new SequenceClassifier(new SequenceClassifierConfig
        {
            Encoder = new EncoderConfig
            {
                VocabularySize = Tokenizer?.VocabularySize ?? 0,
                FeatureSize = Scaler?.FeatureSize ?? 0,
                EmbeddingSize = network.EmbeddingSize ?? 0,
                Cell = network.Cell,
                HiddenSize = network.HiddenSize,
                Layers = network.Layers,
                Bidirectional = network.Bidirectional,
                Dropout = (float)network.Dropout,
                EmbeddingDropout = (float)(network.EmbeddingDropout ?? 0),
                RecurrentInit = network.RecurrentInit,
                ForgetBias = (float)(network.ForgetBias ?? 0),
            },
            Pooling = network.Pooling,
            Classes = Labels.Count,
        });
    }

    private static Tokenizer LearnTokenizer(TokenizerSpec spec, DatasetExample[] rows)
    {
        var config = new TokenizerConfig
        {
            Kind = spec.Kind,
            VocabularySize = spec.VocabularySize,
            MinFrequency = spec.MinFrequency,
            Lowercase = spec.Lowercase,
            TokenNgrams = spec.TokenNgrams,
            SubwordFeatures = spec.SubwordFeatures,
        };
        return rows[0].Text is not null
            ? Tokenizer.Train(rows.Select(row => row.Text!), config)
            : Tokenizer.TrainOnTokens(rows.Select(row => row.Tokens!), config);
    }

    private static Sequence Frames(DatasetExample row) => Sequence.OfFrames(row.Frames!.SelectMany(frame => frame).ToArray(), row.Frames![0].Length);
}
