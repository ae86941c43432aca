using System.Text.Json;
using System.Text.Json.Serialization;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
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

    /// <summary>The version whose weights, shape and vocabulary the job starts from, if any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? InitFrom { get; init; }

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

/// <summary>The network's shape, resolved. What does not apply to the task is null and not shown.</summary>
internal sealed record NetworkSpec
{
    public required CellKind Cell { get; init; }
    public required int HiddenSize { get; init; }
    public required int Layers { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Bidirectional { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? EmbeddingSize { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PoolingKind? Pooling { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AttentionKind? Attention { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Feedback? Feedback { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? TieWeights { get; init; }
    public required double Dropout { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? EmbeddingDropout { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? VariationalDropout { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RecurrentInit? RecurrentInit { get; init; }

    /// <summary>A number or <c>"chrono"</c>; null for cells without a gate that keeps.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? ForgetBias { get; init; }
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

/// <summary>The scaling of numbers, resolved.</summary>
internal sealed record FeaturesSpec
{
    public required Scaling Scaling { get; init; }
}

/// <summary>The settings of the learning, resolved. What does not apply is null and not shown.</summary>
internal sealed record TrainingSettings
{
    public required int Epochs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? MaxMinutes { get; init; }
    public required int BatchSize { get; init; }
    public required int ShardRows { get; init; }
    public required int AccumulateSteps { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? BpttSteps { get; init; }
    public required OptimizerKind Optimizer { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Momentum { get; init; }
    public required double LearningRate { get; init; }
    public required double WeightDecay { get; init; }
    public required ScheduleKind Schedule { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? StepSize { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Decay { get; init; }
    public required int WarmupSteps { get; init; }

    /// <summary>0: not clipped.</summary>
    public required double ClipNorm { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ClipValue { get; init; }
    public required double LabelSmoothing { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ClassWeighting? ClassWeights { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? UnknownRate { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ScheduledSampling { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ValidationFraction { get; init; }
    public required int EarlyStoppingPatience { get; init; }

    /// <summary>Whether the flow of gradients is measured; null where there is one step.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? GradientFlow { get; init; }
    public required long Seed { get; init; }
}

/// <summary>How much each class counts in the loss.</summary>
internal enum ClassWeighting
{
    /// <summary>Every row alike.</summary>
    None,

    /// <summary>Every class alike: inversely to how often it occurs.</summary>
    Balanced,
}
