using System.Text;
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

/// <summary>What is known of a word besides the word itself.</summary>
public enum SubwordFeatures
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Its beginnings and endings of a few letters: what a new word shares with known ones.</summary>
    Affix,
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

    /// <summary>What is known of a word besides the word itself.</summary>
    public SubwordFeatures SubwordFeatures { get; init; }
}

/// <summary>Text to ids and what is needed to do it again the same way: kind, case and vocabulary travel as JSON inside the model.</summary>
public sealed partial class Tokenizer
{
    private static readonly JsonSerializerOptions Strict = new() { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    private readonly TokenizerConfig _config;
    private readonly Vocabulary _vocabulary;
    private readonly NgramTable _ngrams;
    private readonly Vocabulary _affixes;

    private Tokenizer(TokenizerConfig config, Vocabulary vocabulary, NgramTable ngrams, Vocabulary affixes)
    {
        _config = config;
        _vocabulary = vocabulary;
        _ngrams = ngrams;
        _affixes = affixes;
    }

    /// <summary>Ids, n-grams and affixes included: rows of the embedding table.</summary>
    public int VocabularySize => _vocabulary.Size + _ngrams.Count + _affixes.Tokens.Count;

    /// <summary>Ids per step: the token, its n-grams, its affixes.</summary>
    public int Width => _config.TokenNgrams + (_config.SubwordFeatures == SubwordFeatures.Affix ? Affixes.Count : 0);

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
    public string ToJson() => JsonSerializer.Serialize(new Saved(_config, _vocabulary.Tokens, _ngrams.Pairs, _affixes.Tokens));

    /// <summary>Reads <see cref="ToJson"/>.</summary>
    /// <exception cref="InvalidDataException">It is not a tokenizer.</exception>
    public static Tokenizer FromJson(string json)
    {
        try
        {
            Saved saved = JsonSerializer.Deserialize<Saved>(json, Strict) ?? throw new JsonException("null");
            var vocabulary = new Vocabulary(saved.Tokens);
            return new Tokenizer(saved.Config, vocabulary, new NgramTable(vocabulary.Size, saved.Ngrams), new Vocabulary(saved.Affixes));
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
        // What was seen once tells nothing that generalises: n-grams and affixes must come back at least once.
        int minFrequency = Math.Max(2, config.MinFrequency);
        NgramTable ngrams = NgramTable.Train(ids, vocabulary.Size, config.TokenNgrams, config.VocabularySize, minFrequency);
        Vocabulary affixes = config.SubwordFeatures == SubwordFeatures.Affix
            ? Vocabulary.Train(rows.SelectMany(row => row).Select(Affixes.Of), config.VocabularySize, minFrequency)
            : new Vocabulary([]);
        return new Tokenizer(config, vocabulary, ngrams, affixes);
    }

    private Sequence Encode(List<string> tokens)
    {
        if (tokens.Count == 0) throw new ArgumentException("The text is empty: it needs at least one word or character.", nameof(tokens));
        int[] ids = [.. tokens.Select(token => _vocabulary[token])];
        if (Width == 1) return Sequence.OfTokens(ids, 1);
        int[] steps = new int[ids.Length * Width];
        Array.Fill(steps, Sequence.NoId);
        for (int t = 0; t < ids.Length; t++)
        {
            Span<int> step = steps.AsSpan(t * Width, Width);
            step[0] = ids[t];
            for (int order = 2; order <= Math.Min(_config.TokenNgrams, t + 1); order++) step[order - 1] = _ngrams.Find(ids.AsSpan(t - order + 1, order));
            if (_config.SubwordFeatures == SubwordFeatures.Affix) FindAffixes(tokens[t], step[_config.TokenNgrams..]);
        }

        return Sequence.OfTokens(steps, Width);
    }

    private void FindAffixes(string token, Span<int> ids)
    {
        int at = 0;
        foreach (string affix in Affixes.Of(token))
        {
            int id = _affixes[affix];
            ids[at++] = id == Vocabulary.Unknown ? Sequence.NoId : _vocabulary.Size + _ngrams.Count + id - 1;
        }
    }

    private static List<string> Split(string text, TokenizerConfig config)
    {
        string folded = Fold(text, config);
        return config.Kind == TokenizerKind.Char
            ? [.. folded.EnumerateRunes().Select(rune => rune.ToString())]
            : [.. Words().Matches(folded).Select(match => match.Value)];
    }

    private static string Fold(string text, TokenizerConfig config)
    {
        // Half a surrogate pair cannot be stored as JSON: it becomes U+FFFD here, as it would there.
        string whole = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        return config.Lowercase ? whole.ToLowerInvariant() : whole;
    }

    /// <summary>A surrogate pair is never cut; Han, kana and Thai go character by character; an apostrophe inside a word belongs to it.</summary>
    [GeneratedRegex(@"[\uD800-\uDBFF][\uDC00-\uDFFF]|[\u0E00-\u0E7F\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF]|[\w-[\u0E00-\u0E7F\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF]]+(?:['’][\w-[\u0E00-\u0E7F\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF]]+)*|[^\w\s]")]
    private static partial Regex Words();

    private sealed record Saved(TokenizerConfig Config, IReadOnlyList<string> Tokens, IReadOnlyList<int> Ngrams, IReadOnlyList<string> Affixes);
}
