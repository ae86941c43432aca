using Rnn.Data;
using Rnn.Models;

namespace RnnService.Predictions;

/// <summary>From inputs to the sequences a model reads.</summary>
internal static class InputEncoding
{
    /// <summary>The sequences in the order of the inputs, or what is wrong with the first that the model cannot read.</summary>
    public static Sequence[]? Encode(TrainedModel model, IReadOnlyList<PredictionInput> inputs, int mostSteps, out InputError? error)
    {
        error = null;
        var sequences = new Sequence[inputs.Count];
        for (var i = 0; i < sequences.Length; i++)
        {
            error = Encode(model, inputs[i], $"/inputs/{i}", mostSteps, out var sequence);
            if (error is not null) return null;
            sequences[i] = sequence!;
        }

        return sequences;
    }

    /// <summary>What an answer that is not a number means: the input's numbers overflowed.</summary>
    public static InputError Overflow(int index) => InputError.Invalid($"/inputs/{index}",
        "The numbers are too large for this model: its answer is not a number.", "Send numbers of the size the model was trained on.");

    // A wrong kind, a wrong width or no token at all is the model's to say; the place of it is ours.
    private static InputError? Encode(TrainedModel model, PredictionInput input, string pointer, int mostSteps, out Sequence? sequence)
    {
        sequence = null;
        var codec = model.Codec;
        var readsVector = model.Network is VectorClassifier;
        if (input.Text is { } text && string.IsNullOrWhiteSpace(text))
            return InputError.Invalid(pointer, "The text is empty.", "Send at least one word.");
        if (readsVector && input.Features is null)
            return InputError.Invalid(pointer, $"This model reads one feature vector of {codec.FeatureSize} numbers.", "Send an input such as [0.1,0.2].");
        if (!readsVector && codec.Scaler is not null && input.Features is not null)
            return InputError.Invalid(pointer, $"The input is a feature vector; this model reads frames of {codec.FeatureSize} numbers.", "Send an array of frames such as [[0.1,0.2],[0.3,0.4]].");
        try
        {
            sequence = input.Text is not null ? codec.Encode(input.Text)
                : input.Tokens is not null ? codec.EncodeTokens(input.Tokens)
                : codec.EncodeFrames(input.Frames ?? [input.Features!]);
        }
        catch (ArgumentException wrong)
        {
            return InputError.Invalid(pointer, InputError.SentenceOf(wrong), "Send inputs of the kind the model was trained on.");
        }

        return sequence.Steps <= mostSteps ? null
            : InputError.Invalid(pointer, $"The input has {sequence.Steps} steps; at most {mostSteps} are allowed.", "Send a shorter input, or raise the setting RnnService:Limits:StepsPerInput.");
    }
}
