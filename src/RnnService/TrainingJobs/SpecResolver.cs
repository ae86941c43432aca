using System.Text.Json;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tensors;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>Request and data in, a spec that cannot be wrong out; or every field that is wrong. Pure.</summary>
internal static class SpecResolver
{
    private const string Chrono = "chrono";

    /// <summary>The complete spec, or null with at least one error.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="data">Facts of the training data.</param>
    /// <param name="start">The spec of the version to start from, if any: shape, tokenizer and scaling are its, and may only be given as they are there.</param>
    /// <param name="errors">Takes what is wrong.</param>
    public static TrainingSpec? Resolve(TrainingJobRequest request, DatasetFacts data, TrainingSpec? start, FieldErrors errors)
    {
        var defaults = SpecDefaults.For(data);
        errors.AsStarted("/network", request.Network, start?.Network);
        errors.AsStarted("/tokenizer", request.Tokenizer, start?.Tokenizer);
        errors.AsStarted("/features", request.Features, start?.Features);
        if (!data.HasTokens && request.Tokenizer is not null)
            errors.Add("/tokenizer", "The dataset holds numbers and labels, which have no tokens.", "Leave tokenizer out, or send features.scaling for numbers.");
        if (!data.IsNumeric && request.Features is not null)
            errors.Add("/features", "The dataset holds text or tokens, which are not scaled.", "Leave features out, or send tokenizer settings for text.");
        var network = start?.Network ?? Network(request.Network ?? new NetworkRequest(), data, defaults, errors);
        var spec = new TrainingSpec
        {
            Dataset = request.Dataset,
            Model = request.Model,
            Name = request.Name,
            ValidationDataset = request.ValidationDataset,
            TestDataset = request.TestDataset,
            InitFrom = request.InitFrom,
            Network = network,
            Tokenizer = start is not null ? start.Tokenizer : data.HasTokens ? Tokenizer(request.Tokenizer ?? new TokenizerRequest(), data, defaults, errors) : null,
            Features = start is not null ? start.Features : data.IsNumeric ? Features(request.Features ?? new FeaturesRequest(), defaults, errors) : null,
            Training = TrainingResolver.Resolve(request.Training ?? new TrainingRequest(), request.ValidationDataset is null, data, network, defaults, errors),
        };
        return errors.Found.Count == 0 ? spec : null;
    }

    private static NetworkSpec Network(NetworkRequest given, DatasetFacts data, SpecDefaults defaults, FieldErrors errors)
    {
        var task = SnakeCaseEnum<LearningTask>.Write(data.Task);
        void only(string field, bool asked, bool available, string where) => errors.Unavailable($"/network/{field}", asked && !available, $"Leave it out: {where}; this is {task}.");
        var isVector = data.Task == LearningTask.VectorClassification;
        var readsBoth = data.Task is LearningTask.SequenceClassification or LearningTask.SequenceLabeling or LearningTask.Translation;
        var cell = errors.Choice("/network/cell", given.Cell, defaults.Cell, isVector ? [CellKind.RnnTanh, CellKind.RnnRelu] : Enum.GetValues<CellKind>());
        var feedback = errors.Choice("/network/feedback", given.Feedback, defaults.Feedback, Enum.GetValues<Feedback>());
        var feeds = data.Task == LearningTask.Captioning && feedback == Feedback.Outputs;
        var ties = data.Task is LearningTask.LanguageModeling or LearningTask.Translation || feeds;
        only("bidirectional", given.Bidirectional is true, readsBoth, "only whole inputs can be read from both ends");
        only("pooling", given.Pooling is not null, data.Task == LearningTask.SequenceClassification, "pooling is of sequence_classification");
        only("attention", given.Attention is not (null or "none"), data.Task == LearningTask.Translation, "attention is of translation");
        only("feedback", given.Feedback is not null, data.Task == LearningTask.Captioning, "feedback is of captioning");
        only("tie_weights", given.TieWeights is true, ties, "weights are tied where emitted tokens are read back");
        only("variational_dropout", given.VariationalDropout is true, !isVector, "a vector has one step");
        only("recurrent_init", given.RecurrentInit is not null, !isVector, "a vector has one step and no recurrent weights");
        only("embedding_size", given.EmbeddingSize is not null, data.HasTokens, "numbers enter the network as they are");
        only("embedding_dropout", given.EmbeddingDropout is not null, data.HasTokens, "numbers enter the network as they are");
        return new NetworkSpec
        {
            Cell = cell,
            HiddenSize = errors.Whole("/network/hidden_size", given.HiddenSize, defaults.HiddenSize, 1, 2048),
            Layers = errors.Whole("/network/layers", given.Layers, defaults.Layers, 1, 8),
            Bidirectional = readsBoth ? given.Bidirectional ?? defaults.Bidirectional : null,
            EmbeddingSize = data.HasTokens ? errors.Whole("/network/embedding_size", given.EmbeddingSize, defaults.EmbeddingSize, 1, 2048) : null,
            Pooling = data.Task == LearningTask.SequenceClassification ? errors.Choice("/network/pooling", given.Pooling, defaults.Pooling, Enum.GetValues<PoolingKind>()) : null,
            Attention = data.Task == LearningTask.Translation
                ? errors.Choice("/network/attention", given.Attention, defaults.Attention, AttentionKind.None, AttentionKind.Additive, AttentionKind.Dot) : null,
            Feedback = data.Task == LearningTask.Captioning ? feedback : null,
            TieWeights = ties ? given.TieWeights ?? defaults.TieWeights : null,
            Dropout = errors.Number("/network/dropout", given.Dropout, defaults.Dropout, 0, 0.95),
            EmbeddingDropout = data.HasTokens ? errors.Number("/network/embedding_dropout", given.EmbeddingDropout, defaults.EmbeddingDropout, 0, 0.95) : null,
            VariationalDropout = isVector ? null : given.VariationalDropout ?? false,
            RecurrentInit = isVector ? null : errors.Choice("/network/recurrent_init", given.RecurrentInit, defaults.Recurrent, Enum.GetValues<RecurrentInit>()),
            ForgetBias = ForgetBias(given.ForgetBias, cell, defaults, errors),
        };
    }

    private static JsonElement? ForgetBias(JsonElement? given, CellKind cell, SpecDefaults defaults, FieldErrors errors)
    {
        const string pointer = "/network/forget_bias";
        var isChrono = given is { ValueKind: JsonValueKind.String } text && text.GetString() == Chrono;
        if (cell == CellKind.Gru && isChrono) return given;
        if (cell != CellKind.Lstm)
        {
            errors.Unavailable(pointer, given is not null, cell == CellKind.Gru ? "Leave it out, or send \"chrono\", which is defined for gru too." : "Leave it out, or set network.cell to lstm: this cell has no gate that forgets.");
            return null;
        }

        if (given is null) return JsonElement.Parse(defaults.ForgetBias.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (given is { ValueKind: JsonValueKind.Number } number) errors.Number(pointer, number.GetDouble(), defaults.ForgetBias, -10, 10);
        else if (!isChrono) errors.Add(pointer, "network.forget_bias must be a number from -10 to 10, or \"chrono\".", $"Send a number or \"chrono\", or leave it out: the default is {defaults.ForgetBias}.");
        return given;
    }

    private static TokenizerSpec Tokenizer(TokenizerRequest given, DatasetFacts data, SpecDefaults defaults, FieldErrors errors)
    {
        var isTokens = data.Input == InputKind.Tokens;
        if (isTokens) errors.Unavailable("/tokenizer/kind", given.Kind is not (null or "word"), "Leave it out: the dataset's rows are tokens already.");
        var kind = isTokens ? TokenizerKind.Word : errors.Choice("/tokenizer/kind", given.Kind, defaults.Tokenizer, Enum.GetValues<TokenizerKind>());
        var onlyEmits = data.Task is LearningTask.LanguageModeling or LearningTask.Captioning;
        var subwords = errors.Choice("/tokenizer/subword_features", given.SubwordFeatures, SpecDefaults.SubwordFeatures(kind, data), Enum.GetValues<SubwordFeatures>());
        var ngrams = errors.Whole("/tokenizer/token_ngrams", given.TokenNgrams, SpecDefaults.TokenNgrams(kind, data), 1, 3);
        errors.Unavailable("/tokenizer/subword_features", subwords != SubwordFeatures.None && (kind != TokenizerKind.Word || onlyEmits),
            onlyEmits ? "Leave it out: features of words are for words that are read." : "Leave it out, or set tokenizer.kind to word: only whole words have parts.");
        // A labeler goes on from any step, and n-grams would be cut there.
        errors.Unavailable("/tokenizer/token_ngrams", ngrams > 1 && data.Task != LearningTask.SequenceClassification, "Leave it out, or send 1: n-grams are for texts that are classified whole.");
        return new TokenizerSpec
        {
            Kind = kind,
            VocabularySize = errors.Whole("/tokenizer/vocabulary_size", given.VocabularySize, kind == TokenizerKind.Bpe ? Math.Min(8_000, defaults.VocabularySize) : defaults.VocabularySize, 2, 1_000_000),
            MinFrequency = errors.Whole("/tokenizer/min_frequency", given.MinFrequency, kind == TokenizerKind.Word ? defaults.MinFrequency : 1, 1, 1_000),
            Lowercase = given.Lowercase ?? defaults.Lowercase,
            TokenNgrams = ngrams,
            SubwordFeatures = subwords,
        };
    }

    private static FeaturesSpec Features(FeaturesRequest given, SpecDefaults defaults, FieldErrors errors) => new()
    {
        Scaling = errors.Choice("/features/scaling", given.Scaling, defaults.Scaling, Enum.GetValues<Scaling>()),
    };
}
