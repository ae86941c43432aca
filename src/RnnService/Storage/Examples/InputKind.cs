namespace RnnService.Storage.Examples;

/// <summary>What a sequence is made of.</summary>
internal enum InputKind
{
    /// <summary>A text, cut into tokens by the model's tokenizer.</summary>
    Text,

    /// <summary>Tokens as given.</summary>
    Tokens,

    /// <summary>Vectors of numbers, all of the same length.</summary>
    Frames,
}
