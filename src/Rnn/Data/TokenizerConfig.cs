namespace Rnn.Data;

/// <summary>What a token is.</summary>
public enum TokenizerKind
{
    /// <summary>A Unicode code point.</summary>
    Char,

    /// <summary>A word, a punctuation mark or symbol, or one character of a script that writes no spaces.</summary>
    Word,

    /// <summary>A part of a word that came back often enough: byte pair encoding over code points (Sennrich et al. 2016).</summary>
    Bpe,
}

/// <summary>What is known of a word besides the word itself.</summary>
public enum SubwordFeatures
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Its first four and last three letters: what a new word shares with known ones.</summary>
    Affix,

    /// <summary>All its beginnings and endings of up to four letters, and its shape (capitals, digits): how it is spelled.</summary>
    Char,
}

/// <summary>Which spelling of a text counts.</summary>
public enum Normalization
{
    /// <summary>The one it has.</summary>
    None,

    /// <summary>Unicode's canonical composition: a syllable typed as letters, or an accent typed after its letter, is one character.</summary>
    Nfc,
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

    /// <summary>Which spelling of a text counts.</summary>
    public Normalization Normalization { get; init; } = Normalization.Nfc;

    /// <summary>
    /// Whether words and their parts remember the space before them, and all other white space is tokens of its own, so that decoding gives the text back:
    /// for models that write. Characters always do.
    /// </summary>
    public bool KeepSpaces { get; init; }

    /// <summary>1: tokens alone; n: also the n-grams that end at a token, up to this order. For models that only read.</summary>
    public int TokenNgrams { get; init; } = 1;

    /// <summary>What is known of a word besides the word itself. For models that only read.</summary>
    public SubwordFeatures SubwordFeatures { get; init; }

    /// <summary>The config itself, if it is one.</summary>
    /// <exception cref="ArgumentException">Its settings contradict each other or are none.</exception>
    internal TokenizerConfig Checked()
    {
        if (!Enum.IsDefined(Kind) || !Enum.IsDefined(Normalization) || !Enum.IsDefined(SubwordFeatures))
            throw new ArgumentException($"Not a known choice: kind {Kind}, normalization {Normalization}, subword features {SubwordFeatures}.");
        if (TokenNgrams < 1) throw new ArgumentException($"N-grams of order {TokenNgrams}: expected 1 (tokens alone) or more.");
        bool readsOnly = TokenNgrams > 1 || SubwordFeatures != SubwordFeatures.None;
        if (KeepSpaces && readsOnly)
            throw new ArgumentException($"Spaces are kept for a model that writes, n-grams ({TokenNgrams}) and subword features ({SubwordFeatures}) are for one that only reads: expected one or the other.");
        if (Kind == TokenizerKind.Bpe && SubwordFeatures != SubwordFeatures.None)
            throw new ArgumentException($"A BPE token is a part of a word already: expected no subword features, got {SubwordFeatures}.");
        return this;
    }
}
