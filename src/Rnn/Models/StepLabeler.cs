using Rnn.Data;

namespace Rnn.Models;

/// <summary>
/// Labels one sequence as its steps arrive, as <see cref="TrainedModel.Label"/> labels the whole. Holds the sequence's state and room for one step, reused
/// from step to step; for one thread at a time. The model is shared with any number of others.
/// </summary>
public sealed class StepLabeler
{
    private readonly TrainedModel _model;
    private readonly float[] _frame;
    private readonly int[] _ids;
    private readonly ExampleSet _step;
    private readonly float[] _probabilities;
    private float[] _state;
    private float[] _next;

    /// <summary>Begins a sequence.</summary>
    /// <exception cref="ArgumentException">The model carries no state: it reads in two directions, or is no labeler.</exception>
    public StepLabeler(TrainedModel model)
    {
        int size = model.Network.CarriedStateSize;
        if (size == 0) throw new ArgumentException("Steps are labelled as they arrive by labelers of one direction; this model carries no state.", nameof(model));
        _model = model;
        _frame = new float[model.Codec.FeatureSize];
        _ids = new int[model.Codec.Input?.Width ?? 0];
        _step = ExampleSet.Unlabelled([_ids.Length > 0 ? Sequence.OfTokens(_ids, _ids.Length) : Sequence.OfFrames(_frame, _frame.Length)]);
        _probabilities = new float[model.Network.Outputs];
        (_state, _next) = (new float[size], new float[size]);
    }

    /// <summary>Where the sequence stands; may be kept, and given to <see cref="GoOnFrom"/> of any labeler of the same model.</summary>
    public ReadOnlySpan<float> State => _state;

    /// <summary>Goes on where another sequence stood.</summary>
    /// <exception cref="ArgumentException">The state is of another size.</exception>
    public void GoOnFrom(ReadOnlySpan<float> state)
    {
        if (state.Length != _state.Length) throw new ArgumentException($"A state has {state.Length} values, this model's {_state.Length}.", nameof(state));
        state.CopyTo(_state);
    }

    /// <summary>The probabilities of the next step's labels; valid until the step after it.</summary>
    /// <exception cref="ArgumentException">The frame does not fit the model. The sequence has not moved.</exception>
    public ReadOnlySpan<float> Next(ReadOnlySpan<float> frame)
    {
        if (_model.Codec.Scaler is not { } scaler) throw new ArgumentException("This model reads tokens, not frames.");
        if (frame.Length != _frame.Length) throw new ArgumentException($"The frame has {frame.Length} numbers, this model reads {_frame.Length}.");
        scaler.Apply(frame, _frame);
        return Advance();
    }

    /// <inheritdoc cref="Next(ReadOnlySpan{float})"/>
    /// <exception cref="ArgumentException">The model does not read tokens. The sequence has not moved.</exception>
    public ReadOnlySpan<float> Next(string token)
    {
        _model.Codec.EncodeTokens([token]).Ids.CopyTo(_ids);
        return Advance();
    }

    private ReadOnlySpan<float> Advance()
    {
        _state.CopyTo(_next, 0);
        _model.Step(_step, _next, _probabilities);
        // One overflow would make every later state a NaN.
        if (!float.IsFinite(_probabilities[0])) throw new ArgumentException("The numbers are too large for this model: its answer is not a number.");
        (_state, _next) = (_next, _state);
        return _probabilities;
    }
}
