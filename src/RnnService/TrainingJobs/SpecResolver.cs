using System.Text.Json;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Training;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>Request and data in, a spec that cannot be wrong out; or every field that is wrong. Pure.</summary>
internal static class SpecResolver
{
    /// <summary>The complete spec, or null with at least one error.</summary>
    public static TrainingSpec? Resolve(TrainingJobRequest request, DatasetFacts data, FieldErrors errors)
    {
        errors.Unavailable("/init_from", request.InitFrom is not null, "Leave init_from out: a job starts from fresh weights for now.");
        if (data.IsFrames && request.Tokenizer is not null)
            errors.Add("/tokenizer", "The dataset holds frames, which have no tokens.", "Leave tokenizer out, or send features.scaling for frames.");
        if (!data.IsFrames && request.Features is not null)
            errors.Add("/features", "The dataset holds text or tokens, which are not scaled.", "Leave features out, or send tokenizer settings for text.");
        var spec = new TrainingSpec
        {
            Dataset = request.Dataset,
            Model = request.Model,
            Name = request.Name,
            ValidationDataset = request.ValidationDataset,
            TestDataset = request.TestDataset,
            Network = Network(request.Network ?? new NetworkRequest(), data, errors),
            Tokenizer = data.IsFrames ? null : Tokenizer(request.Tokenizer ?? new TokenizerRequest(), data, errors),
            Features = data.IsFrames ? Features(request.Features ?? new FeaturesRequest(), data, errors) : null,
            Training = Training(request.Training ?? new TrainingRequest(), request.ValidationDataset is null, data, errors),
        };
        return errors.Found.Count == 0 ? spec : null;
    }

    private static NetworkSpec Network(NetworkRequest given, DatasetFacts data, FieldErrors errors)
    {
        const string without = "Leave it out; networks have no attention, feedback or tied weights for sequence_classification.";
        errors.Unavailable("/network/attention", given.Attention is not (null or "none"), "Available for network.attention: none. network.pooling combines the steps: last, mean, max.");
        errors.Unavailable("/network/feedback", given.Feedback is not null, without);
        errors.Unavailable("/network/tie_weights", given.TieWeights is true, without);
        errors.Unavailable("/network/variational_dropout", given.VariationalDropout is true, "Available: network.dropout and network.embedding_dropout.");
        var cell = errors.Choice("/network/cell", given.Cell, SpecDefaults.Cell, Enum.GetValues<CellKind>());
        if (data.IsFrames)
        {
            const string frames = "Leave it out: the dataset holds frames, which enter the recurrent layer as they are.";
            errors.Unavailable("/network/embedding_size", given.EmbeddingSize is not null, frames);
            errors.Unavailable("/network/embedding_dropout", given.EmbeddingDropout is not null, frames);
        }

        return new NetworkSpec
        {
            Cell = cell,
            HiddenSize = errors.Whole("/network/hidden_size", given.HiddenSize, SpecDefaults.HiddenSize(data), 1, 2048),
            Layers = errors.Whole("/network/layers", given.Layers, SpecDefaults.Layers, 1, 8),
            Bidirectional = given.Bidirectional ?? SpecDefaults.Bidirectional,
            EmbeddingSize = data.IsFrames ? null : errors.Whole("/network/embedding_size", given.EmbeddingSize, SpecDefaults.EmbeddingSize(data), 1, 2048),
            Pooling = errors.Choice("/network/pooling", given.Pooling, SpecDefaults.Pooling(data), Enum.GetValues<PoolingKind>()),
            Dropout = errors.Number("/network/dropout", given.Dropout, SpecDefaults.Dropout(data), 0, 0.95),
            EmbeddingDropout = data.IsFrames ? null : errors.Number("/network/embedding_dropout", given.EmbeddingDropout, SpecDefaults.EmbeddingDropout(data), 0, 0.95),
            RecurrentInit = errors.Choice("/network/recurrent_init", given.RecurrentInit, SpecDefaults.Recurrent, Enum.GetValues<RecurrentInit>()),
            ForgetBias = ForgetBias(given.ForgetBias, cell, errors),
        };
    }

    private static double? ForgetBias(JsonElement? given, CellKind cell, FieldErrors errors)
    {
        const string pointer = "/network/forget_bias";
        if (cell != CellKind.Lstm)
        {
            errors.Unavailable(pointer, given is not null, "Leave it out, or set network.cell to lstm: only the LSTM has a forget gate.");
            return null;
        }

        if (given is { ValueKind: JsonValueKind.Number } number)
            return errors.Number(pointer, number.GetDouble(), SpecDefaults.ForgetBias, -10, 10);
        if (given is not null)
            errors.Add(pointer, "network.forget_bias must be a number from -10 to 10.", $"Send a number, or leave it out: the default is {SpecDefaults.ForgetBias}.");
        return SpecDefaults.ForgetBias;
    }

    private static TokenizerSpec Tokenizer(TokenizerRequest given, DatasetFacts data, FieldErrors errors)
    {
        if (data.Input == InputKind.Tokens)
            errors.Unavailable("/tokenizer/kind", given.Kind is not null, "Leave it out: the dataset's rows are tokens already.");
        var kind = errors.Choice("/tokenizer/kind", given.Kind, SpecDefaults.Tokenizer(data), Enum.GetValues<TokenizerKind>());
        var subwords = errors.Choice("/tokenizer/subword_features", given.SubwordFeatures, SpecDefaults.SubwordFeatures(kind), Enum.GetValues<SubwordFeatures>());
        if (kind != TokenizerKind.Word)
            errors.Unavailable("/tokenizer/subword_features", subwords != SubwordFeatures.None, "Leave it out, or set tokenizer.kind to word: a character has no parts, and a BPE token is one.");
        return new TokenizerSpec
        {
            Kind = kind,
            VocabularySize = errors.Whole("/tokenizer/vocabulary_size", given.VocabularySize, SpecDefaults.VocabularySize, 2, 1_000_000),
            MinFrequency = errors.Whole("/tokenizer/min_frequency", given.MinFrequency, SpecDefaults.MinFrequency(data), 1, 1_000),
            Lowercase = given.Lowercase ?? SpecDefaults.Lowercase,
            TokenNgrams = errors.Whole("/tokenizer/token_ngrams", given.TokenNgrams, SpecDefaults.TokenNgrams(kind), 1, 3),
            SubwordFeatures = subwords,
        };
    }

    private static FeaturesSpec Features(FeaturesRequest given, DatasetFacts data, FieldErrors errors) => new()
    {
        Scaling = errors.Choice("/features/scaling", given.Scaling, SpecDefaults.Scaling(data), Enum.GetValues<Scaling>()),
    };

    private static TrainingSettings Training(TrainingRequest given, bool holdsOut, DatasetFacts data, FieldErrors errors)
    {
        RefuseUnavailable(given, errors);
        if (given.MaxMinutes is not null) errors.Number("/training/max_minutes", given.MaxMinutes, 0, 0.01, 10_080);
        errors.Unavailable("/training/validation_fraction", !holdsOut && given.ValidationFraction is not null, "Leave it out: the validation dataset is used whole.");
        errors.Unavailable("/training/unknown_rate", data.IsFrames && given.UnknownRate is not null, "Leave it out: frames have no unknown tokens.");
        var seed = given.Seed ?? SpecDefaults.Seed;
        if (seed < 0) errors.Add("/training/seed", $"training.seed is {seed}; it must be 0 or more.", "Send a whole number from 0 to 9007199254740991.");
        return new TrainingSettings
        {
            Epochs = errors.Whole("/training/epochs", given.Epochs, SpecDefaults.Epochs(data), 1, 10_000),
            MaxMinutes = given.MaxMinutes,
            BatchSize = errors.Whole("/training/batch_size", given.BatchSize, SpecDefaults.BatchSize(data), 1, 4_096),
            ShardRows = errors.Whole("/training/shard_rows", given.ShardRows, SpecDefaults.ShardRows, 1, 1_024),
            Optimizer = errors.Choice("/training/optimizer", given.Optimizer, OptimizerKind.Adam, [OptimizerKind.Adam, OptimizerKind.Adamw]),
            LearningRate = errors.Number("/training/learning_rate", given.LearningRate, SpecDefaults.LearningRate(data), 1e-8, 10),
            WeightDecay = errors.Number("/training/weight_decay", given.WeightDecay, SpecDefaults.WeightDecay, 0, 1),
            Schedule = errors.Choice("/training/schedule", given.Schedule, SpecDefaults.Schedule, [ScheduleKind.Constant, ScheduleKind.Cosine]),
            WarmupSteps = errors.Whole("/training/warmup_steps", given.WarmupSteps, SpecDefaults.WarmupSteps(data), 0, 1_000_000),
            ClipNorm = errors.Number("/training/clip_norm", given.ClipNorm, SpecDefaults.ClipNorm, 1e-6, 1e6),
            LabelSmoothing = errors.Number("/training/label_smoothing", given.LabelSmoothing, SpecDefaults.LabelSmoothing, 0, 0.9),
            UnknownRate = data.IsFrames ? null : errors.Number("/training/unknown_rate", given.UnknownRate, SpecDefaults.UnknownRate(data), 0, 0.9),
            ValidationFraction = holdsOut ? errors.Number("/training/validation_fraction", given.ValidationFraction, SpecDefaults.ValidationFraction, 0.01, 0.5) : null,
            EarlyStoppingPatience = errors.Whole("/training/early_stopping_patience", given.EarlyStoppingPatience, SpecDefaults.EarlyStoppingPatience(data), 0, 10_000),
            Seed = seed,
        };
    }

    private static void RefuseUnavailable(TrainingRequest given, FieldErrors errors)
    {
        errors.Unavailable("/training/bptt_steps", given.BpttSteps is not null, "Leave it out: sequence_classification trains on whole sequences.");
        errors.Unavailable("/training/accumulate_steps", given.AccumulateSteps is not (null or 1), "Leave it out and set training.batch_size.");
        errors.Unavailable("/training/momentum", given.Momentum is not null, "Leave it out: training.optimizer is adam.");
        errors.Unavailable("/training/step_size", given.StepSize is not null, "Leave it out: training.schedule can be constant or cosine.");
        errors.Unavailable("/training/decay", given.Decay is not null, "Leave it out: training.schedule can be constant or cosine.");
        errors.Unavailable("/training/clip_value", given.ClipValue is not null, "Use training.clip_norm.");
        errors.Unavailable("/training/class_weights", given.ClassWeights is not (null or "none"), "Available for training.class_weights: none.");
        errors.Unavailable("/training/scheduled_sampling", given.ScheduledSampling is not (null or 0), "Leave it out: sequence_classification emits no text.");
        errors.Unavailable("/training/gradient_flow", given.GradientFlow is true, "Leave it out, or send false.");
    }
}
