namespace Rnn.Data;

/// <summary>Text as its tokens come, one after the other: what <see cref="Next"/> gives, joined, is what <see cref="Tokenizer.Decode"/> gives at once.</summary>
/// <param name="tokenizer">Whose ids they are.</param>
/// <param name="continues">Whether the text goes on from an earlier one: then the space before the first word is a real one.</param>
public sealed class TokenStream(Tokenizer tokenizer, bool continues = false)
{
    private bool _started = continues;

    /// <summary>What the token adds: whole code points, so nothing is held back; nothing for <see cref="Tokenizer.Begin"/> and <see cref="Tokenizer.End"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not of a token.</exception>
    public string Next(int id)
    {
        string text = tokenizer.TokenText(id);
        if (_started || text.Length == 0) return text;
        _started = true;
        return tokenizer.IsSpaced && text[0] == ' ' ? text[1..] : text;
    }
}
