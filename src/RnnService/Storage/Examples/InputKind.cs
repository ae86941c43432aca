namespace RnnService.Storage.Examples;

/// <summary>What an input is made of.</summary>
internal enum InputKind
{
    /// <summary>A text, cut into tokens by the model's tokenizer.</summary>
    Text,

    /// <summary>Tokens as given.</summary>
    Tokens,

    /// <summary>A sequence of vectors of numbers, all of the same length.</summary>
    Frames,

    /// <summary>One vector of numbers, the features.</summary>
    Vector,
}
