using Rnn.Data;
using Rnn.Models;
using RnnService.Http;
using RnnService.Storage;
using RnnService.Storage.Examples;

namespace RnnService.TrainingJobs;

/// <summary>Learns the way in and out of a network from training rows, and takes rows through it.</summary>
internal static class CodecLearning
{
    private const int MarginOverLongest = 5;

    /// <summary>Tokenizers and scaling of a spec, learnt from the training rows; labels are those of all rows, so that one that was held out whole is known too. The rows may be parts of one text.</summary>
    public static Codec Learn(LearningTask task, TrainingSpec spec, IReadOnlyList<DatasetExample> rows, IReadOnlyList<DatasetExample> all, bool isOneText = false)
    {
        var readsText = rows[0].Text is not null || rows[0].Tokens is not null;
        if (task == LearningTask.LanguageModeling)
        {
            var text = Emitting(spec.Tokenizer!, rows.Select(row => row.Text ?? ""), isOneText);
            return new Codec(text, null, [], text);
        }

        string[] labels = [.. all.SelectMany(row => row.Labels ?? (row.Label is null ? [] : [row.Label])).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var output = rows[0].Target is null ? null : Emitting(spec.Tokenizer!, rows.Select(row => row.Target!));
        return new Codec(
            readsText ? Reading(spec.Tokenizer!, rows) : null,
            readsText ? null : FrameScaler.Fit([.. rows.Select(Numbers)], spec.Features!.Scaling),
            labels,
            output,
            // Room for a text a little longer than any that was seen.
            output is null ? Codec.DefaultMaxTokens : MarginOverLongest + rows.Max(row => output.EncodeTarget(row.Target!).Length));
    }

    /// <summary>A row's input as the network reads it.</summary>
    public static Sequence Encode(Codec codec, DatasetExample row) =>
        row.Text is not null ? codec.Encode(row.Text) : row.Tokens is not null ? codec.EncodeTokens(row.Tokens) : codec.EncodeFrames(row.Frames ?? [row.Features!]);

    private static Tokenizer Reading(TokenizerSpec spec, IReadOnlyList<DatasetExample> rows)
    {
        var config = Config(spec) with { TokenNgrams = spec.TokenNgrams, SubwordFeatures = spec.SubwordFeatures };
        return Known(rows[0].Text is not null ? Tokenizer.Train(rows.Select(row => row.Text!), config) : Tokenizer.TrainOnTokens(rows.Select(row => row.Tokens!), config), spec);
    }

    /// <summary>What is emitted must come back as people write it, spaces included.</summary>
    private static Tokenizer Emitting(TokenizerSpec spec, IEnumerable<string> texts, bool isOneText = false)
    {
        var config = Config(spec) with { KeepSpaces = spec.Kind != TokenizerKind.Char };
        return Known(isOneText ? Tokenizer.TrainOnParts(texts, config) : Tokenizer.Train(texts, config), spec);
    }

    /// <summary>The tokenizer, if it knows any token at all.</summary>
    private static Tokenizer Known(Tokenizer tokenizer, TokenizerSpec spec) => tokenizer.VocabularySize > Vocabulary.Unknown + 1 ? tokenizer
        : throw new ProblemException(Problems.InvalidField("/tokenizer/min_frequency", $"No token is {spec.MinFrequency} times in the training rows: the vocabulary would be empty.", $"Lower tokenizer.min_frequency (now {spec.MinFrequency}), or leave it out."));

    private static TokenizerConfig Config(TokenizerSpec spec) => new()
    {
        Kind = spec.Kind,
        VocabularySize = spec.VocabularySize,
        MinFrequency = spec.MinFrequency,
        Lowercase = spec.Lowercase,
    };

    private static Sequence Numbers(DatasetExample row) => row.Frames is { } frames
        ? Sequence.OfFrames(frames.SelectMany(frame => frame).ToArray(), frames[0].Length) : Sequence.OfFrames(row.Features!, row.Features!.Length);
}
