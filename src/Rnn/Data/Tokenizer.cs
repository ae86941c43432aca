using System.Text.Json;
using System.Text.RegularExpressions;

namespace Rnn.Data;

/// <summary>What a token is.</summary>
public enum TokenizerKind
{
    /// <summary>A Unicode code point.</summary>
    Char,

    /// <summary>A word, a punctuation mark or symbol, or one character of a script that writes no spaces.</summary>
    Word,
}

/// <summary>How a tokenizer is made from texts.</summary>
public sealed record TokenizerConfig
{
    /// <summary>What a token is.</summary>
    public TokenizerKind Kind { get; init; } = TokenizerKind.Word;

    /// <summary>At most so many tokens, and n-grams of each order, the most frequent.</summary>
    public int VocabularySize { get; init; } = 50_000;

    /// <summary>Rarer tokens and n-grams are unknown.</summary>
    public int MinFrequency { get; init; } = 1;

    /// <summary>Whether case is dropped.</summary>
    public bool Lowercase { get; init; } = true;

    /// <summary>1: tokens alone; n: also the n-grams that end at a token, up to this order.</summary>
    public int TokenNgrams { get; init; } = 1;
}

/// <summary>Text to ids and what is needed to do it again the same way: kind, case and vocabulary travel as JSON inside the model.</summary>
public sealed partial class Tokenizer
{
    private readonly TokenizerConfig _config;
    private readonly Vocabulary _vocabulary;
    private readonly NgramTable _ngrams;

    private Tokenizer(TokenizerConfig config, Vocabulary vocabulary, NgramTable ngrams)
    {
        _config = config;
        _vocabulary = vocabulary;
        _ngrams = ngrams;
    }

    /// <summary>Ids, n-grams included: rows of the embedding table.</summary>
    public int VocabularySize => _vocabulary.Size + _ngrams.Count;

    /// <summary>Ids per step.</summary>
    public int Width => _config.TokenNgrams;

    /// <summary>Learns a vocabulary from texts.</summary>
    public static Tokenizer Train(IEnumerable<string> texts, TokenizerConfig config) => TrainOn([.. texts.Select(text => Split(text, config))], config);

    /// <summary>Learns a vocabulary from texts that are already tokens.</summary>
    public static Tokenizer TrainOnTokens(IEnumerable<IReadOnlyList<string>> rows, TokenizerConfig config) =>
        TrainOn([.. rows.Select(row => row.Select(token => Fold(token, config)).ToList())], config);

    /// <summary>The ids of a text.</summary>
    /// <exception cref="ArgumentException">The text has no token.</exception>
    public Sequence Encode(string text) => Encode(Split(text, _config));

    /// <summary>The ids of tokens.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public Sequence EncodeTokens(IReadOnlyList<string> tokens) => Encode([.. tokens.Select(token => Fold(token, _config))]);

    /// <summary>Everything needed to make the same tokenizer again.</summary>
    public string ToJson() => JsonSerializer.Serialize(new Saved(_config, _vocabulary.Tokens, _ngrams.Pairs));

    /// <summary>Reads <see cref="ToJson"/>.</summary>
    /// <exception cref="InvalidDataException">It is not a tokenizer.</exception>
    public static Tokenizer FromJson(string json)
    {
        try
        {
            Saved saved = JsonSerializer.Deserialize<Saved>(json) ?? throw new JsonException("null");
            var vocabulary = new Vocabulary(saved.Tokens);
            return new Tokenizer(saved.Config, vocabulary, new NgramTable(vocabulary.Size, saved.Ngrams));
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"Not a tokenizer: {e.Message}", e);
        }
    }

    private static Tokenizer TrainOn(IReadOnlyList<List<string>> rows, TokenizerConfig config)
    {
        Vocabulary vocabulary = Vocabulary.Train(rows, config.VocabularySize, config.MinFrequency);
        int[][] ids = [.. rows.Select(row => row.Select(token => vocabulary[token]).ToArray())];
        // A bigram seen once tells nothing that generalises: n-grams must come back at least once.
        NgramTable ngrams = NgramTable.Train(ids, vocabulary.Size, config.TokenNgrams, config.VocabularySize, Math.Max(2, config.MinFrequency));
        return new Tokenizer(config, vocabulary, ngrams);
    }

    private Sequence Encode(List<string> tokens)
    {
        if (tokens.Count == 0) throw new ArgumentException("The text is empty: it needs at least one word or character.", nameof(tokens));
        int[] ids = [.. tokens.Select(token => _vocabulary[token])];
        if (Width == 1) return Sequence.OfTokens(ids, 1);
        int[] steps = new int[ids.Length * Width];
        for (int t = 0; t < ids.Length; t++)
        {
            for (int order = 1; order <= Width; order++)
                steps[(t * Width) + order - 1] = order > t + 1 ? -1 : _ngrams.Find(ids.AsSpan(t - order + 1, order));
        }

        // A prefix that is unknown ends the search at the unknown id, which is no n-gram.
        for (int i = 0; i < steps.Length; i++)
            if (i % Width > 0 && steps[i] <= Vocabulary.Unknown) steps[i] = -1;
        return Sequence.OfTokens(steps, Width);
    }

    private static List<string> Split(string text, TokenizerConfig config)
    {
        string folded = Fold(text, config);
        return config.Kind == TokenizerKind.Char
            ? [.. folded.EnumerateRunes().Select(rune => rune.ToString())]
            : [.. Words().Matches(folded).Select(match => match.Value)];
    }

    private static string Fold(string text, TokenizerConfig config) => config.Lowercase ? text.ToLowerInvariant() : text;

    /// <summary>A surrogate pair is never cut; Han, kana and Thai go character by character; an apostrophe inside a word belongs to it.</summary>
    [GeneratedRegex(@"[\uD800-\uDBFF][\uDC00-\uDFFF]|[\u0E00-\u0E7F\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF]|[\w-[\u0E00-\u0E7F\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF]]+(?:['’][\w-[\u0E00-\u0E7F\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF]]+)*|[^\w\s]")]
    private static partial Regex Words();

    private sealed record Saved(TokenizerConfig Config, IReadOnlyList<string> Tokens, IReadOnlyList<int> Ngrams);
}
