namespace RnnService.Predictions;

/// <summary>One input of a prediction: exactly one of its parts is set.</summary>
/// <param name="Text">A string.</param>
/// <param name="Tokens">An array of strings.</param>
/// <param name="Frames">An array of arrays of numbers.</param>
/// <param name="Features">An array of numbers.</param>
internal readonly record struct PredictionInput(string? Text = null, string[]? Tokens = null, float[][]? Frames = null, float[]? Features = null);
