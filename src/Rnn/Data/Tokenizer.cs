using System.Text;
using System.Text.Json;

namespace Rnn.Data;

/// <summary>
/// Text to ids and back, and what is needed to do it again the same way: kind, spelling and vocabulary travel as JSON inside the model.
/// A token that remembers the space before it begins with that space; one space is put before a text and taken off again (SentencePiece: Kudo and Richardson 2018,
/// whose mark for the space is a character of its own; here it is the space itself, so that every text can be told apart from the mark).
/// </summary>
public sealed class Tokenizer
{
    private const string Replacement = "\uFFFD";

    private static readonly JsonSerializerOptions Strict = new() { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    private readonly TokenizerConfig _config;
    private readonly Vocabulary _vocabulary;
    private readonly BpeEncoder _bpe;
    private readonly NgramTable _ngrams;
    private readonly Vocabulary _affixes;

    private Tokenizer(TokenizerConfig config, Vocabulary vocabulary, IReadOnlyList<int> merges, NgramTable ngrams, Vocabulary affixes)
    {
        _config = config;
        _vocabulary = vocabulary;
        _bpe = new BpeEncoder(vocabulary, merges);
        _ngrams = ngrams;
        _affixes = affixes;
    }

    /// <summary>Ids, n-grams and affixes included: rows of the embedding table of what is read.</summary>
    public int VocabularySize => _vocabulary.Size + _ngrams.Count + _affixes.Tokens.Count;

    /// <summary>Ids per step: the token, its n-grams, its affixes.</summary>
    public int Width => _config.TokenNgrams + Affixes.Count(_config.SubwordFeatures);

    /// <summary>The id that stands before the first token of a text that is written.</summary>
    public int Begin => VocabularySize;

    /// <summary>The id that stands after the last token of a text that is written.</summary>
    public int End => VocabularySize + 1;

    /// <summary>Ids with <see cref="Begin"/> and <see cref="End"/>: what a model that writes chooses from.</summary>
    public int EmissionSize => VocabularySize + 2;

    /// <summary>Whether tokens may begin with a space, of which a text's first is not its own.</summary>
    internal bool IsSpaced => _config.Kind != TokenizerKind.Char;

    /// <summary>Learns a vocabulary from texts.</summary>
    /// <exception cref="ArgumentException">The settings contradict each other.</exception>
    public static Tokenizer Train(IEnumerable<string> texts, TokenizerConfig config)
    {
        string[] all = [.. texts];
        // Cut anew at each pass: the pieces of a large text take more memory than the text.
        return TrainOn(all.Select(text => TextCutting.Cut(text, config)), config.Checked());
    }

    /// <summary>Learns a vocabulary from one text that comes in parts, without ever holding it cut into its tokens.</summary>
    /// <exception cref="ArgumentException">The settings contradict each other, or look across tokens.</exception>
    public static Tokenizer TrainOnParts(IEnumerable<string> parts, TokenizerConfig config) => config.TokenNgrams == 1
        ? TrainOn(TextCutting.CutParts(parts, config), config.Checked())
        : throw new ArgumentException($"N-grams of {config.TokenNgrams} tokens go across the parts of a text: expected 1.", nameof(config));

    /// <summary>Learns a vocabulary from texts that are already tokens.</summary>
    /// <exception cref="ArgumentException">The settings contradict each other, or cut tokens.</exception>
    public static Tokenizer TrainOnTokens(IEnumerable<IReadOnlyList<string>> rows, TokenizerConfig config) =>
        TrainOn([.. rows.Select(row => Whole(row, config))], config.Checked());

    /// <summary>The ids of a text.</summary>
    /// <exception cref="ArgumentException">The text has no token.</exception>
    public Sequence Encode(string text) => Encode(TextCutting.Cut(text, _config));

    /// <summary>The ids of tokens.</summary>
    /// <exception cref="ArgumentException">There is none, or the tokenizer cuts tokens.</exception>
    public Sequence EncodeTokens(IReadOnlyList<string> tokens) => Encode(Whole(tokens, _config));

    /// <summary>The ids of a text to be written, then <see cref="End"/>; of an empty text just that.</summary>
    /// <exception cref="InvalidOperationException">The tokenizer has n-grams or subword features: it only reads.</exception>
    public int[] EncodeTarget(string text) => Width == 1
        ? [.. Ids(TextCutting.Cut(text, _config)), End]
        : throw new InvalidOperationException($"A tokenizer of {Width} ids a step reads and does not write: expected no n-grams and no subword features.");

    /// <summary>The ids of one text to be written that comes in parts, without <see cref="End"/>: holds those and a part at a time.</summary>
    /// <param name="parts">Joined, the text; read once.</param>
    /// <param name="length">About its characters: if they are more, room is made.</param>
    /// <exception cref="InvalidOperationException">The tokenizer has n-grams or subword features: it only reads.</exception>
    public ReadOnlyMemory<int> EncodeParts(IEnumerable<string> parts, int length)
    {
        if (Width != 1) throw new InvalidOperationException($"A tokenizer of {Width} ids a step reads and does not write: expected no n-grams and no subword features.");
        // Of words a guess on the low side; pages that are never written to take no memory.
        int[] ids = new int[IsSpaced ? length / 4 : length];
        int count = 0;
        foreach (List<ReadOnlyMemory<char>> words in TextCutting.CutParts(parts, _config))
        {
            List<int> next = Ids(words);
            if (count + next.Count > ids.Length) Array.Resize(ref ids, Math.Max(count + next.Count, (int)Math.Min(Array.MaxLength, ids.Length * 3L / 2)));
            next.CopyTo(ids, count);
            count += next.Count;
        }

        return ids.AsMemory(0, count);
    }

    /// <summary>
    /// The text of tokens; U+FFFD for an unknown one, nothing for <see cref="Begin"/> and <see cref="End"/>. What was encoded comes back in its normalised spelling
    /// if spaces are kept or tokens are characters; words without their spaces are joined by one each.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not of a token.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var stream = new TokenStream(this);
        var text = new StringBuilder();
        foreach (int id in ids) text.Append(stream.Next(id));
        return text.ToString();
    }

    /// <summary>What a token adds to a text that has begun.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not of a token.</exception>
    public string TokenText(int id)
    {
        if (id == Begin || id == End) return "";
        if (id < 0 || id >= _vocabulary.Size) throw new ArgumentOutOfRangeException(nameof(id), id, $"Not a token: expected 0 to {_vocabulary.Size - 1}, {Begin} or {End}.");
        if (id == Vocabulary.Unknown) return _config.Kind == TokenizerKind.Word ? " " + Replacement : Replacement;
        string token = _vocabulary.Tokens[id - 1];
        return _config is { Kind: TokenizerKind.Word, KeepSpaces: false } ? " " + token : token;
    }

    /// <summary>
    /// The tokens of a text, one for each step of <see cref="Encode(string)"/>, as they stand in it in its normalised spelling, unknown ones too. Those that remember
    /// spaces give the text back when joined; the first is empty where it is but the space put before.
    /// </summary>
    public IReadOnlyList<string> Split(string text)
    {
        List<ReadOnlyMemory<char>> words = TextCutting.Cut(text, _config);
        List<string> tokens = _config.Kind == TokenizerKind.Bpe ? [.. words.SelectMany(Pieces)] : words.ConvertAll(word => word.ToString());
        if (IsSpaced && tokens.Count > 0 && tokens[0].StartsWith(' ')) tokens[0] = tokens[0][1..];
        return tokens;
    }

    /// <summary>The same steps with the token of one replaced by the unknown one; its affixes and the n-grams it is in are gone too.</summary>
    public Sequence Erase(Sequence sequence, int step)
    {
        int[] ids = sequence.Ids.ToArray();
        ids.AsSpan(step * Width, Width).Fill(Sequence.NoId);
        ids[step * Width] = Vocabulary.Unknown;
        for (int order = 2; order <= _config.TokenNgrams; order++)
        {
            // N-grams stand where they end.
            for (int t = step + 1; t < Math.Min(step + order, sequence.Steps); t++) ids[(t * Width) + order - 1] = Sequence.NoId;
        }

        return Sequence.OfTokens(ids, Width);
    }

    /// <summary>Everything needed to make the same tokenizer again.</summary>
    public string ToJson() => JsonSerializer.Serialize(new Saved(_config, _vocabulary.Tokens, _bpe.Pairs, _ngrams.Pairs, _affixes.Tokens));

    /// <summary>Reads <see cref="ToJson"/>.</summary>
    /// <exception cref="InvalidDataException">It is not a tokenizer.</exception>
    public static Tokenizer FromJson(string json)
    {
        try
        {
            Saved saved = JsonSerializer.Deserialize<Saved>(json, Strict) ?? throw new JsonException("null");
            var vocabulary = new Vocabulary(saved.Tokens);
            return new Tokenizer(saved.Config.Checked(), vocabulary, saved.Merges, new NgramTable(vocabulary.Size, saved.Ngrams), new Vocabulary(saved.Affixes));
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"Not a tokenizer: {e.Message}", e);
        }
    }

    private static Tokenizer TrainOn(IEnumerable<List<ReadOnlyMemory<char>>> rows, TokenizerConfig config)
    {
        Dictionary<string, int> counts = Vocabulary.Count(rows);
        (Vocabulary vocabulary, IReadOnlyList<int> merges) = config.Kind == TokenizerKind.Bpe
            ? BpeTraining.Train(counts, config.VocabularySize, config.MinFrequency)
            : (Vocabulary.Train(counts, config.VocabularySize, config.MinFrequency), []);
        var alone = new Tokenizer(config, vocabulary, merges, new NgramTable(vocabulary.Size, []), new Vocabulary([]));
        int[][] ids = config.TokenNgrams > 1 ? [.. rows.Select(row => alone.Ids(row).ToArray())] : [];
        // What was seen once tells nothing that generalises: n-grams and affixes must come back at least once.
        int minFrequency = Math.Max(2, config.MinFrequency);
        NgramTable ngrams = NgramTable.Train(ids, vocabulary.Size, config.TokenNgrams, config.VocabularySize, minFrequency);
        IEnumerable<KeyValuePair<string, int>> affixes = counts.SelectMany(word => Affixes.Of(word.Key, config.SubwordFeatures).Select(affix => KeyValuePair.Create(affix, word.Value)));
        return new Tokenizer(config, vocabulary, merges, ngrams, Vocabulary.Train(affixes, config.VocabularySize, minFrequency));
    }

    private static List<ReadOnlyMemory<char>> Whole(IReadOnlyList<string> tokens, TokenizerConfig config)
    {
        if (config.Kind == TokenizerKind.Bpe) throw new ArgumentException("BPE cuts words into parts: expected a text, got tokens.", nameof(tokens));
        string before = config is { Kind: TokenizerKind.Word, KeepSpaces: true } ? " " : "";
        return [.. tokens.Select(token => (before + TextCutting.Fold(token, config)).AsMemory())];
    }

    private List<int> Ids(List<ReadOnlyMemory<char>> words)
    {
        var ids = new List<int>(words.Count);
        foreach (ReadOnlyMemory<char> word in words)
        {
            if (_config.Kind == TokenizerKind.Bpe) ids.AddRange(_bpe.Encode(word.Span));
            else ids.Add(_vocabulary[word.Span]);
        }

        return ids;
    }

    private Sequence Encode(List<ReadOnlyMemory<char>> words)
    {
        if (words.Count == 0) throw new ArgumentException("The text is empty: it needs at least one word or character.", nameof(words));
        int[] ids = [.. Ids(words)];
        if (Width == 1) return Sequence.OfTokens(ids, 1);
        int[] steps = new int[ids.Length * Width];
        Array.Fill(steps, Sequence.NoId);
        for (int t = 0; t < ids.Length; t++)
        {
            Span<int> step = steps.AsSpan(t * Width, Width);
            step[0] = ids[t];
            for (int order = 2; order <= Math.Min(_config.TokenNgrams, t + 1); order++) step[order - 1] = _ngrams.Find(ids.AsSpan(t - order + 1, order));
            if (_config.SubwordFeatures != SubwordFeatures.None) FindAffixes(words[t].ToString(), step[_config.TokenNgrams..]);
        }

        return Sequence.OfTokens(steps, Width);
    }

    private void FindAffixes(string token, Span<int> ids)
    {
        int at = 0;
        foreach (string affix in Affixes.Of(token, _config.SubwordFeatures))
        {
            int id = _affixes[affix];
            ids[at++] = id == Vocabulary.Unknown ? Sequence.NoId : _vocabulary.Size + _ngrams.Count + id - 1;
        }
    }

    private IEnumerable<string> Pieces(ReadOnlyMemory<char> word)
    {
        int at = 0;
        foreach (int id in _bpe.Encode(word.Span).ToArray())
        {
            int length = id != Vocabulary.Unknown ? _vocabulary.Tokens[id - 1].Length : char.IsHighSurrogate(word.Span[at]) ? 2 : 1;
            yield return word.Slice(at, length).ToString();
            at += length;
        }
    }

    private sealed record Saved(TokenizerConfig Config, IReadOnlyList<string> Tokens, IReadOnlyList<int> Merges, IReadOnlyList<int> Ngrams, IReadOnlyList<string> Affixes);
}
