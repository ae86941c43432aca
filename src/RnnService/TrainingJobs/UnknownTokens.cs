using Rnn.Data;

namespace RnnService.TrainingJobs;

/// <summary>How much of what a model is measured on its vocabulary does not have. Known only when the vocabulary is learnt.</summary>
internal static class UnknownTokens
{
    private const double Worth = 0.1;
    // Of an unknown word its affixes or characters are still read.
    private const double WorthWithSubwords = 0.25;

    /// <summary>A warning for each split of which at least a tenth of the tokens, or a quarter of those with subword features, are unknown.</summary>
    public static IEnumerable<string> Warnings(TokenizerSpec? spec, TrainingData data)
    {
        if (spec is null) return [];
        var worth = spec.SubwordFeatures == SubwordFeatures.None ? Worth : WorthWithSubwords;
        (string What, (long Unknown, long All) Count)[] counts =
        [
            ("validation", Read(data.Validation)), ("test", Read(data.Test)),
            // A language model emits what it reads.
            .. data.Codec.Output is null || data.Codec.Input == data.Codec.Output ? [] : new[] { ("validation target", Emitted(data.Validation)), ("test target", Emitted(data.Test)) },
        ];
        return counts.Where(one => one.Count.Unknown > 0 && one.Count.Unknown >= worth * one.Count.All).Select(one =>
            $"{one.Count.Unknown:N0} of {one.Count.All:N0} {one.What} tokens ({100.0 * one.Count.Unknown / one.Count.All:0.#} %) are unknown to the vocabulary: {Advice(spec)}.");
    }

    private static string Advice(TokenizerSpec spec) =>
        $"raise tokenizer.vocabulary_size (now {spec.VocabularySize:N0}){(spec.MinFrequency > 1 ? $" or lower tokenizer.min_frequency (now {spec.MinFrequency})" : "")}, "
        + (spec is { Kind: TokenizerKind.Word, SubwordFeatures: SubwordFeatures.None } ? "see parts of words too (tokenizer.subword_features affix for words that are read, or tokenizer.kind bpe for texts), " : "") + "or train on texts more like these";

    private static (long Unknown, long All) Read(ExampleSet? set)
    {
        var (unknown, all) = (0L, 0L);
        foreach (var input in set?.Inputs ?? [])
        {
            if (!input.IsTokens) continue;
            var ids = input.Ids.Span;
            for (var t = 0; t < input.Steps; t++) unknown += ids[t * input.Width] == Vocabulary.Unknown ? 1 : 0;
            all += input.Steps;
        }

        return (unknown, all);
    }

    private static (long Unknown, long All) Emitted(ExampleSet? set)
    {
        var (unknown, all) = (0L, 0L);
        foreach (var target in set?.Targets ?? [])
        {
            unknown += target.Span.Count(Vocabulary.Unknown);
            all += target.Length;
        }

        return (unknown, all);
    }
}
