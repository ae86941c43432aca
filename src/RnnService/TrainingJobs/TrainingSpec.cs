using System.Text.Json.Serialization;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Training;

namespace RnnService.TrainingJobs;

/// <summary>A job's spec with every value filled in. It has the request's shape, so it can be posted again as it is.</summary>
internal sealed record TrainingSpec
{
    /// <summary>Name of the training dataset.</summary>
    public required string Dataset { get; init; }

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>The job's own name, if it was given one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Name of the validation dataset; null when rows are held out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ValidationDataset { get; init; }

    /// <summary>Name of the test dataset, if any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TestDataset { get; init; }

    /// <summary>The network's shape.</summary>
    public required NetworkSpec Network { get; init; }

    /// <summary>Null for frames.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TokenizerSpec? Tokenizer { get; init; }

    /// <summary>Null for text and tokens.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public FeaturesSpec? Features { get; init; }

    /// <summary>How the weights are learnt.</summary>
    public required TrainingSettings Training { get; init; }
}

/// <summary>The network's shape, resolved.</summary>
internal sealed record NetworkSpec
{
    public required CellKind Cell { get; init; }
    public required int HiddenSize { get; init; }
    public required int Layers { get; init; }
    public required bool Bidirectional { get; init; }

    /// <summary>Null for frames.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? EmbeddingSize { get; init; }
    public required PoolingKind Pooling { get; init; }
    public required double Dropout { get; init; }

    /// <summary>Null for frames.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? EmbeddingDropout { get; init; }
    public required RecurrentInit RecurrentInit { get; init; }

    /// <summary>Null for cells without a forget gate.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ForgetBias { get; init; }
}

/// <summary>The tokenizer's settings, resolved.</summary>
internal sealed record TokenizerSpec
{
    public required TokenizerKind Kind { get; init; }
    public required int VocabularySize { get; init; }
    public required int MinFrequency { get; init; }
    public required bool Lowercase { get; init; }
    public required int TokenNgrams { get; init; }
    public required SubwordFeatures SubwordFeatures { get; init; }
}

/// <summary>The scaling of frames, resolved.</summary>
internal sealed record FeaturesSpec
{
    public required Scaling Scaling { get; init; }
}

/// <summary>The settings of the learning, resolved.</summary>
internal sealed record TrainingSettings
{
    public required int Epochs { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? MaxMinutes { get; init; }
    public required int BatchSize { get; init; }
    public required int ShardRows { get; init; }

    public required OptimizerKind Optimizer { get; init; }
    public required double LearningRate { get; init; }
    public required double WeightDecay { get; init; }
    public required ScheduleKind Schedule { get; init; }
    public required int WarmupSteps { get; init; }
    public required double ClipNorm { get; init; }
    public required double LabelSmoothing { get; init; }

    /// <summary>Null for frames.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? UnknownRate { get; init; }

    /// <summary>Null when a validation dataset is given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ValidationFraction { get; init; }
    public required int EarlyStoppingPatience { get; init; }
    public required long Seed { get; init; }
}
