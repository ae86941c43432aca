namespace RnnService.Predictions;

/// <summary>One input of a prediction: exactly one of its parts is set.</summary>
/// <param name="Text">A string.</param>
/// <param name="Tokens">An array of strings.</param>
/// <param name="Frames">An array of arrays of numbers.</param>
internal readonly record struct PredictionInput(string? Text, string[]? Tokens, float[][]? Frames);
