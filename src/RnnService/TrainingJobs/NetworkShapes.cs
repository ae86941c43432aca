using System.Text.Json;
using Rnn.Cells;
using Rnn.Layers;
using Rnn.Models;
using RnnService.Storage;

namespace RnnService.TrainingJobs;

/// <summary>From a spec and what its codec learnt to the shape of a network.</summary>
internal static class NetworkShapes
{
    /// <summary>The shape.</summary>
    /// <param name="task">What it is for.</param>
    /// <param name="spec">The network's part of the spec.</param>
    /// <param name="codec">Sizes of vocabularies, features and labels.</param>
    /// <param name="isOneText">A language model of a text without beginning and end.</param>
    /// <param name="longestLag">Steps over which something may have to be remembered, for chrono biases.</param>
    public static NetworkConfig Of(LearningTask task, NetworkSpec spec, Codec codec, bool isOneText, int longestLag) => task switch
    {
        LearningTask.VectorClassification => new VectorClassifierConfig
        {
            FeatureSize = codec.FeatureSize,
            HiddenSize = spec.HiddenSize,
            Layers = spec.Layers,
            Relu = spec.Cell == CellKind.RnnRelu,
            Dropout = (float)spec.Dropout,
            Classes = codec.Labels.Count,
        },
        LearningTask.Captioning => Captioner(spec, codec, longestLag),
        LearningTask.SequenceLabeling => new SequenceLabelerConfig { Encoder = Encoder(spec, codec, longestLag), Classes = codec.Labels.Count },
        LearningTask.Translation => Translator(spec, codec, longestLag),
        LearningTask.LanguageModeling => new LanguageModelConfig
        {
            Encoder = Encoder(spec, codec, longestLag) with { VocabularySize = codec.Output!.EmissionSize },
            TieWeights = spec.TieWeights is true,
            // A text begins after the end of the one before it.
            Begin = isOneText ? Rnn.Data.Sequence.NoId : codec.Output.End,
            End = isOneText ? Rnn.Data.Sequence.NoId : codec.Output.End,
        },
        _ => new SequenceClassifierConfig { Encoder = Encoder(spec, codec, longestLag), Pooling = spec.Pooling!.Value, Classes = codec.Labels.Count },
    };

    private static EncoderConfig Encoder(NetworkSpec spec, Codec codec, int longestLag) => new()
    {
        VocabularySize = codec.Input?.VocabularySize ?? 0,
        FeatureSize = codec.FeatureSize,
        EmbeddingSize = spec.EmbeddingSize ?? 0,
        Cell = spec.Cell,
        HiddenSize = spec.HiddenSize,
        Layers = spec.Layers,
        Bidirectional = spec.Bidirectional is true,
        Dropout = (float)spec.Dropout,
        EmbeddingDropout = (float)(spec.EmbeddingDropout ?? 0),
        VariationalDropout = spec.VariationalDropout is true,
        RecurrentInit = spec.RecurrentInit!.Value,
        ForgetBias = Bias(spec.ForgetBias, longestLag),
    };

    private static CaptionerConfig Captioner(NetworkSpec spec, Codec codec, int longestLag) => new()
    {
        FeatureSize = codec.FeatureSize,
        VocabularySize = codec.Output!.EmissionSize,
        Begin = codec.Output.Begin,
        End = codec.Output.End,
        EmbeddingSize = spec.EmbeddingSize!.Value,
        Feedback = spec.Feedback!.Value,
        Cell = spec.Cell,
        HiddenSize = spec.HiddenSize,
        Layers = spec.Layers,
        TieWeights = spec.TieWeights is true,
        Dropout = (float)spec.Dropout,
        EmbeddingDropout = (float)spec.EmbeddingDropout!.Value,
        VariationalDropout = spec.VariationalDropout is true,
        RecurrentInit = spec.RecurrentInit!.Value,
        ForgetBias = Bias(spec.ForgetBias, longestLag),
    };

    /// <summary>Both directions of the encoder together are as wide as the decoder, so that dot attention can compare them.</summary>
    private static TranslatorConfig Translator(NetworkSpec spec, Codec codec, int longestLag)
    {
        var encoder = Encoder(spec, codec, longestLag);
        return new()
        {
            Encoder = encoder.Bidirectional ? encoder with { HiddenSize = (spec.HiddenSize + 1) / 2 } : encoder,
            Decoder = new DecoderConfig
            {
                VocabularySize = codec.Output!.EmissionSize,
                EmbeddingSize = encoder.EmbeddingSize,
                Cell = spec.Cell,
                HiddenSize = spec.HiddenSize,
                Layers = spec.Layers,
                Attention = spec.Attention!.Value,
                AttentionSize = spec.HiddenSize,
                TieWeights = spec.TieWeights is true,
                Dropout = encoder.Dropout,
                EmbeddingDropout = encoder.EmbeddingDropout,
                VariationalDropout = encoder.VariationalDropout,
                RecurrentInit = encoder.RecurrentInit,
                ForgetBias = encoder.ForgetBias,
            },
            Begin = codec.Output.Begin,
            End = codec.Output.End,
        };
    }

    private static ForgetBias Bias(JsonElement? spec, int longestLag) => spec switch
    {
        { ValueKind: JsonValueKind.Number } number => number.GetSingle(),
        { ValueKind: JsonValueKind.String } => ForgetBias.Chrono(Math.Max(3, longestLag)),
        _ => 1,
    };
}
