using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Models;
using Rnn.Tensors;

namespace Rnn.Training;

/// <summary>
/// Trains a classifier, one update per <see cref="Advance"/>: the host drives and may look, save or stop between any two.
/// Order, dropout and sums depend on seed and configuration alone, so the same inputs give the same bits on any number of threads,
/// and a run restored from a checkpoint ends in the same weights as one never interrupted.
/// </summary>
public sealed class TrainingLoop
{
    private const ulong OrderKey = 1;
    private const ulong DropoutKey = 2;
    private const ulong UnknownKey = 3;

    private readonly SequenceClassifier _model;
    private readonly SequenceSet _train;
    private readonly SequenceSet _validation;
    private readonly TrainingConfig _config;
    private readonly BatchShards _shards;
    private readonly ShardedStep _step;
    private readonly Memory<float> _best;
    private TrainingState _state = new(0, 0, 0, 0, 0, 0, 0, null, 0, false);
    private int[][] _order = [];
    private int _orderEpoch = -1;

    /// <summary>Prepares a run; the model's weights are the starting point.</summary>
    /// <exception cref="ArgumentException">A set is empty.</exception>
    public TrainingLoop(SequenceClassifier model, SequenceSet train, SequenceSet validation, TrainingConfig config, BatchShards shards)
    {
        if (train.Count == 0) throw new ArgumentException("The training set is empty.", nameof(train));
        if (validation.Count == 0) throw new ArgumentException("The validation set is empty.", nameof(validation));
        _model = model;
        _train = train;
        _validation = validation;
        _config = config;
        _shards = shards;
        _step = new ShardedStep(model, config, shards);
        _best = new float[model.Parameters.Length];
        StepsPerEpoch = Batching.Epoch(train.Lengths, config.BatchSize, 0, 0).Length;
        _model.Pack(training: true);
    }

    /// <summary>Updates in one epoch.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>Updates if no early stopping comes.</summary>
    public long TotalSteps => (long)StepsPerEpoch * _config.Epochs;

    /// <summary>Where the run is.</summary>
    public TrainingState State => _state;

    /// <summary>Whether all epochs are done or early stopping came.</summary>
    public bool Finished => _state.Stopped || _state.Epoch >= _config.Epochs;

    /// <summary>One update; at the end of an epoch also the measurement on the validation set.</summary>
    /// <exception cref="TrainingDivergedException">Loss or gradient is no longer a number; the weights are those before this update.</exception>
    public StepReport Advance()
    {
        if (Finished) throw new InvalidOperationException("The run is finished.");
        if (_orderEpoch != _state.Epoch)
        {
            _order = Batching.Epoch(_train.Lengths, _config.BatchSize, RandomSource.Key(_config.Seed, OrderKey), _state.Epoch);
            _orderEpoch = _state.Epoch;
        }

        int[] rows = _order[_state.Batch];
        ulong step = (ulong)_state.Step;
        StepResult result = _step.ForwardBackward(_train, rows, RandomSource.Key(_config.Seed, DropoutKey, step), RandomSource.Key(_config.Seed, UnknownKey, step));
        double norm = _step.GradientNorm();
        if (!double.IsFinite(result.Loss) || !double.IsFinite(norm))
        {
            throw new TrainingDivergedException(
                $"Training diverged in step {step + 1}: the loss is {result.Loss} and the gradient norm {norm}. Lower training.learning_rate (now {_config.LearningRate}) or clip harder (training.clip_norm, now {_config.ClipNorm}).");
        }

        double rate = LearningRate.At(_config, _state.Step, TotalSteps);
        _step.Update(_state.Step + 1, rate, norm);
        _state = _state with
        {
            Step = _state.Step + 1,
            Batch = _state.Batch + 1,
            LossSum = _state.LossSum + result.Loss,
            Correct = _state.Correct + result.Correct,
            Rows = _state.Rows + rows.Length,
            NormSum = _state.NormSum + norm,
        };
        EpochReport? epoch = _state.Batch == _order.Length ? EndEpoch() : null;
        return new StepReport(_state.Step, result.Loss / rows.Length, norm, rate, result.Tokens, epoch);
    }

    /// <summary>A copy of everything the next step depends on.</summary>
    public Checkpoint Save() => Checkpoint.Of(
        _state,
        _model.Parameters,
        ("weights/", _model.Parameters.Values),
        ("first_moment/", _step.Optimizer.FirstMoment),
        ("second_moment/", _step.Optimizer.SecondMoment),
        ("best/", _best));

    /// <summary>Goes on exactly where <see cref="Save"/> was called, in a loop made with the same arguments.</summary>
    /// <exception cref="InvalidDataException">The checkpoint belongs to another model.</exception>
    public void Restore(Checkpoint checkpoint)
    {
        SafeTensorsFile file = checkpoint.ToFile();
        _model.Parameters.CopyFrom(file, _model.Parameters.Values, "weights/");
        _model.Parameters.CopyFrom(file, _step.Optimizer.FirstMoment, "first_moment/");
        _model.Parameters.CopyFrom(file, _step.Optimizer.SecondMoment, "second_moment/");
        _model.Parameters.CopyFrom(file, _best, "best/");
        _state = checkpoint.State;
        _orderEpoch = -1;
        _model.Pack(training: true);
    }

    /// <summary>Gives the model the weights of the best validation loss, calibrated (the current ones before the first epoch's end).</summary>
    public void TakeBest()
    {
        if (_state.BestLoss is null) return;
        _best.CopyTo(_model.Parameters.Values);
        _model.Pack(training: true);
    }

    private EpochReport EndEpoch()
    {
        float[] logits = Evaluation.Logits(_model, _validation, _shards);
        float factor = Calibration.Factor(logits, _validation.Labels, _model.Config.Classes);
        TensorPrimitives.Multiply(logits, factor, logits);
        Metrics validation = Evaluation.Score(logits, _validation.Labels, _model.Config.Classes);
        int epoch = _state.Epoch + 1;
        bool isBest = _state.BestLoss is not { } best || validation.Loss < best;
        if (isBest)
        {
            _model.Parameters.Values.CopyTo(_best);
            _model.ScaleLogits(_best.Span, factor);
        }

        var report = new EpochReport(epoch, _state.LossSum / _state.Rows, (double)_state.Correct / _state.Rows, validation, _state.NormSum / _state.Batch, isBest);
        int bestEpoch = isBest ? epoch : _state.BestEpoch;
        _state = new TrainingState(
            _state.Step, epoch, 0, 0, 0, 0, 0,
            isBest ? validation.Loss : _state.BestLoss,
            bestEpoch,
            _config.EarlyStoppingPatience > 0 && epoch - bestEpoch >= _config.EarlyStoppingPatience);
        return report;
    }
}
