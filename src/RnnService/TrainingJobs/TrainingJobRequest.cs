using System.Text.Json;

namespace RnnService.TrainingJobs;

/// <summary>What to train. Only <c>dataset</c> and <c>model</c> are required; every other value has a default that the job echoes in <c>spec</c>.</summary>
internal record TrainingJobRequest
{
    /// <summary>Name or id of the dataset to learn from.</summary>
    public required string Dataset { get; init; }

    /// <summary>Name of the model whose next version this job makes.</summary>
    public required string Model { get; init; }

    /// <summary>A name for the job itself, for people.</summary>
    public string? Name { get; init; }

    /// <summary>Name or id of the dataset that chooses the best epoch; without it a part of the training rows is held out.</summary>
    public string? ValidationDataset { get; init; }

    /// <summary>Name or id of the dataset on which the published weights are measured once.</summary>
    public string? TestDataset { get; init; }

    /// <summary>A model reference to start from: its weights, shape and vocabulary; then <c>network</c>, <c>tokenizer</c> and <c>features</c> are left out, or say what that version's spec says.</summary>
    public string? InitFrom { get; init; }

    /// <summary>The network's shape.</summary>
    public NetworkRequest? Network { get; init; }

    /// <summary>How text becomes tokens; for datasets of text or tokens.</summary>
    public TokenizerRequest? Tokenizer { get; init; }

    /// <summary>How numbers are scaled; for datasets of frames.</summary>
    public FeaturesRequest? Features { get; init; }

    /// <summary>How the weights are learnt.</summary>
    public TrainingRequest? Training { get; init; }
}

/// <summary>The network's shape. Everything left out gets a default.</summary>
internal sealed record NetworkRequest
{
    /// <summary><c>rnn_tanh</c>, <c>rnn_relu</c>, <c>lstm</c> or <c>gru</c>.</summary>
    public string? Cell { get; init; }

    /// <summary>Units of one direction of one layer.</summary>
    public int? HiddenSize { get; init; }

    /// <summary>Recurrent layers, one above the other.</summary>
    public int? Layers { get; init; }

    /// <summary>Whether a second scan reads the sequence from its end.</summary>
    public bool? Bidirectional { get; init; }

    /// <summary>Numbers per token vector; for text and tokens only.</summary>
    public int? EmbeddingSize { get; init; }

    /// <summary>How the states of all steps become one vector: <c>last</c>, <c>mean</c> or <c>max</c>.</summary>
    public string? Pooling { get; init; }

    /// <summary>Share of the outputs of a layer set to zero in training, 0 to 0.95.</summary>
    public double? Dropout { get; init; }

    /// <summary>Share of the embedding's outputs set to zero in training, 0 to 0.95.</summary>
    public double? EmbeddingDropout { get; init; }

    /// <summary><c>orthogonal</c>, <c>uniform</c>, <c>xavier</c> or <c>identity</c>.</summary>
    public string? RecurrentInit { get; init; }

    /// <summary>First value of the bias of the gate that keeps: a number (LSTM), or <c>"chrono"</c> (LSTM and GRU): a memory of another length for every unit, up to the longest sequence.</summary>
    public JsonElement? ForgetBias { get; init; }

    /// <summary>How a translator looks back at its source: <c>none</c>, <c>additive</c> or <c>dot</c>.</summary>
    public string? Attention { get; init; }

    /// <summary>What a captioner reads after the value: <c>zeros</c>, or its own <c>outputs</c> beside the value.</summary>
    public string? Feedback { get; init; }

    /// <summary>Whether all steps of a sequence have one dropout mask.</summary>
    public bool? VariationalDropout { get; init; }

    /// <summary>Whether the output layer is the embedding table, where emitted tokens are read back.</summary>
    public bool? TieWeights { get; init; }
}

/// <summary>How text becomes tokens.</summary>
internal sealed record TokenizerRequest
{
    /// <summary><c>word</c>, <c>char</c> (Unicode code points) or <c>bpe</c> (parts of words, learnt from the data).</summary>
    public string? Kind { get; init; }

    /// <summary>Most tokens kept, the most frequent first.</summary>
    public int? VocabularySize { get; init; }

    /// <summary>Tokens seen less often in the training rows are unknown.</summary>
    public int? MinFrequency { get; init; }

    /// <summary>Whether text is lower-cased first.</summary>
    public bool? Lowercase { get; init; }

    /// <summary>1: tokens alone; 2: each step also knows the pair it ends; 3: the triple too.</summary>
    public int? TokenNgrams { get; init; }

    /// <summary>What is known of a word besides itself: <c>none</c>, <c>affix</c> (its first four and last three letters) or <c>char</c> (all beginnings and endings, and its shape).</summary>
    public string? SubwordFeatures { get; init; }
}

/// <summary>How numeric frames are scaled before the network sees them.</summary>
internal sealed record FeaturesRequest
{
    /// <summary><c>none</c>, <c>standard</c> or <c>robust</c>; learnt from the training rows and stored in the model.</summary>
    public string? Scaling { get; init; }
}

/// <summary>How the weights are learnt.</summary>
internal sealed record TrainingRequest
{
    /// <summary>Most passes over the training rows.</summary>
    public int? Epochs { get; init; }

    /// <summary>Training stops after so many minutes, with the best weights so far.</summary>
    public double? MaxMinutes { get; init; }

    /// <summary>Sequences per update.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Sequences one thread computes at a time; part of the spec because sums in floating point depend on it.</summary>
    public int? ShardRows { get; init; }

    /// <summary><c>sgd</c>, <c>momentum</c>, <c>nesterov</c>, <c>rmsprop</c>, <c>adagrad</c>, <c>adam</c> (weight decay as an L2 penalty) or <c>adamw</c> (decoupled).</summary>
    public string? Optimizer { get; init; }

    /// <summary>The highest learning rate, after the warm-up.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Decay of the weights per update.</summary>
    public double? WeightDecay { get; init; }

    /// <summary><c>constant</c>, <c>step</c>, <c>cosine</c> or <c>plateau</c>.</summary>
    public string? Schedule { get; init; }

    /// <summary>Updates over which the learning rate rises from zero.</summary>
    public int? WarmupSteps { get; init; }

    /// <summary>Longest gradient; a longer one is shortened to it. 0 does not clip.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Share of the target spread over all labels.</summary>
    public double? LabelSmoothing { get; init; }

    /// <summary>Share of tokens replaced by the unknown token in training.</summary>
    public double? UnknownRate { get; init; }

    /// <summary>Share of the training rows held out when no validation dataset is given.</summary>
    public double? ValidationFraction { get; init; }

    /// <summary>Epochs without a better validation loss after which training stops; 0 never stops early.</summary>
    public int? EarlyStoppingPatience { get; init; }

    /// <summary>The same seed, data and spec give the same weights, bit for bit.</summary>
    public long? Seed { get; init; }

    /// <summary><c>none</c>, or <c>balanced</c>: rare classes count as much as frequent ones.</summary>
    public string? ClassWeights { get; init; }

    /// <summary>Steps after which a language model's stream is cut; the state is carried on, the gradient is not.</summary>
    public int? BpttSteps { get; init; }

    /// <summary>Batches whose gradients are averaged for one update.</summary>
    public int? AccumulateSteps { get; init; }

    /// <summary>How much of the last step goes on: for <c>momentum</c>, <c>nesterov</c> and <c>rmsprop</c>.</summary>
    public double? Momentum { get; init; }

    /// <summary>Updates from one step of the schedule <c>step</c> to the next.</summary>
    public int? StepSize { get; init; }

    /// <summary>Factor on the learning rate of the schedules <c>step</c> and <c>plateau</c>.</summary>
    public double? Decay { get; init; }

    /// <summary>Largest absolute value in the gradient, after <c>clip_norm</c>; left out it clips nothing.</summary>
    public double? ClipValue { get; init; }

    /// <summary>Share of the steps of a text that read what the network chose before them, reached at the end of training.</summary>
    public double? ScheduledSampling { get; init; }

    /// <summary>Whether to measure how far back gradients reach while training; costs at most a hundredth of the time.</summary>
    public bool? GradientFlow { get; init; }
}
