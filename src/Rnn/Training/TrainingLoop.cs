using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Models;
using Rnn.Tensors;

namespace Rnn.Training;

/// <summary>
/// Trains a network, one update per <see cref="Advance"/>: the host drives and may look, save or stop between any two.
/// Order, dropout and sums depend on seed and configuration alone, so the same inputs give the same bits on any number of threads,
/// and a run restored from a checkpoint ends in the same weights as one never interrupted.
/// </summary>
public sealed class TrainingLoop
{
    private const ulong OrderKey = 1;
    private const ulong DropoutKey = 2;
    private const ulong UnknownKey = 3;

    // The trend is over about so many updates.
    private const int StepsOfTrend = 10;
    private const double RiseOfDivergence = 1.5;
    private const int MostSavePointsMissed = 4;

    private readonly Network _model;
    private readonly ExampleSet _train;
    private readonly ExampleSet _validation;
    private readonly TrainingConfig _config;
    private readonly BatchShards _shards;
    private readonly ShardedStep _step;
    private readonly Memory<float> _best;
    private readonly bool _chooses;
    private readonly SavePoint _savePoint;
    private TrainingState _state = new(0, 0, 0, 0, 0, 0, 0, 0, null, 0, false, new Plateau(1), 0, 0);
    private int[][] _order = [];
    private int _orderEpoch = -1;

    /// <summary>Prepares a run; the model's weights are the starting point.</summary>
    /// <exception cref="ArgumentException">A set is empty.</exception>
    public TrainingLoop(Network model, ExampleSet train, ExampleSet validation, TrainingConfig config, BatchShards shards)
    {
        if (train.Count == 0) throw new ArgumentException("The training set is empty.", nameof(train));
        if (validation.Count == 0) throw new ArgumentException("The validation set is empty.", nameof(validation));
        _model = model;
        _train = train;
        _validation = validation;
        _config = config;
        _shards = shards;
        _step = new ShardedStep(model, config, train.Lanes > 0 ? train.Lanes : config.BatchSize, carriesState: train.Lanes > 0, shards);
        _best = new float[model.Parameters.Length];
        _chooses = validation.Targets.Sum(targets => targets.Length) >= config.FewestTargetsToChoose;
        _savePoint = new SavePoint(model.Parameters, Buffers, _step.CarriedStates, _state);
        StepsPerEpoch = (Batching.Count(train, config.BatchSize) + config.AccumulateSteps - 1) / config.AccumulateSteps;
        _savePoint.Take(_state);
        _model.Pack(training: true);
    }

    /// <summary>Updates in one epoch.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>Updates if no early stopping comes.</summary>
    public long TotalSteps => (long)StepsPerEpoch * _config.Epochs;

    /// <summary>Memory held by now: weights, the best ones and the packed ones, gradients, the optimizer's buffers, the save point and the passes' scratch.</summary>
    public long SizeInBytes => sizeof(float) * ((2L * _model.Parameters.Length) + (2L * _model.Parameters.DenseLength) + _step.Length + _savePoint.Length);

    /// <summary>Where the run is.</summary>
    public TrainingState State => _state;

    /// <summary>Whether all epochs are done or early stopping came.</summary>
    public bool Finished => _state.Stopped || _state.Epoch >= _config.Epochs;

    /// <summary>One update; at the end of an epoch also the measurement on the validation set.</summary>
    /// <param name="measuresSize">Whether to report the size of weights and update, which costs a copy.</param>
    /// <exception cref="TrainingDivergedException">The loss or a gradient is no longer a number, or training makes the network much worse than guessing. Before it goes on it needs a <see cref="Rescue"/>.</exception>
    public StepReport Advance(bool measuresSize = false)
    {
        if (Finished) throw new InvalidOperationException("The run is finished.");
        if (_orderEpoch != _state.Epoch)
        {
            _order = Batching.Epoch(_train, _config.BatchSize, RandomSource.Key(_config.Seed, OrderKey), _state.Epoch);
            _orderEpoch = _state.Epoch;
        }

        // A stream is read again from its beginning.
        if (_state.Batch == 0) _step.CarriedStates.AsSpan().Clear();
        int[][] batches = _order[_state.Batch..Math.Min(_order.Length, _state.Batch + _config.AccumulateSteps)];
        ulong step = (ulong)_state.Step;
        float chosenRate = _config.ScheduledSampling * _state.Step / TotalSteps;
        (PassResult result, double weight) = _step.ForwardBackward(_train, batches, chosenRate, RandomSource.Key(_config.Seed, DropoutKey, step), RandomSource.Key(_config.Seed, UnknownKey, step));
        double norm = _step.GradientNorm();
        double loss = weight > 0 ? result.Loss / weight : 0;
        double trend = Trend(loss);
        if (!double.IsFinite(result.Loss) || !double.IsFinite(norm)) throw new TrainingDivergedException(step + 1, $"the loss is {loss} and the gradient norm {norm}");
        if (_state.Step >= StepsOfTrend && trend > WorstLoss) throw new TrainingDivergedException(step + 1, $"the loss has risen to {trend:G3} nats, where a guess costs {Math.Log(_model.Outputs):G3}");
        double rate = LearningRate.At(_config, _state.Step, TotalSteps) * _state.Plateau.Rate * Math.ScaleB(1, -_state.Rescues);
        UpdateSize? size = _step.Update(_state.Step + 1, rate, norm, measuresSize);
        _state = _state with
        {
            Step = _state.Step + 1,
            Batch = _state.Batch + batches.Length,
            LossSum = _state.LossSum + result.Loss,
            Weight = _state.Weight + weight,
            Correct = _state.Correct + result.Correct,
            Targets = _state.Targets + result.Targets,
            NormSum = _state.NormSum + norm,
            LossTrend = trend,
        };
        EpochReport? epoch = _state.Batch == _order.Length ? EndEpoch() : null;
        if (_state.Step % _config.StepsPerSavePoint == 0) MoveSavePoint();
        return new StepReport(_state.Step, loss, norm, Clipping.Factor(norm, _config.ClipNorm) * norm, rate, result.Tokens, epoch) { Size = size };
    }

    /// <summary>Whether the point a diverged run goes back to is here: a <see cref="Save"/> then holds it only once and is half as large.</summary>
    public bool IsAtSavePoint => _state == _savePoint.State;

    /// <summary>A copy of everything the next step depends on, the save point among it: a run that goes on from it takes the same road, diverged or not. The next one uses its memory again.</summary>
    public Checkpoint Save() => _savePoint.ToCheckpoint(_state);

    /// <summary>Goes on exactly where a <see cref="Save"/> was, in a loop made with the same arguments.</summary>
    /// <exception cref="InvalidDataException">The checkpoint belongs to another model.</exception>
    public void Restore(Checkpoint checkpoint)
    {
        _savePoint.Load(checkpoint);
        _state = checkpoint.State;
        _step.ForgetGradient();
        _model.Pack(training: true);
    }

    /// <summary>After a divergence: back to the last save point, with half the learning rate from there on.</summary>
    public void Rescue()
    {
        _state = _savePoint.State with { Rescues = _savePoint.State.Rescues + 1 };
        _savePoint.Return(_state);
        _step.ForgetGradient();
        _model.Pack(training: true);
    }

    /// <summary>Gives the model the weights of the best validation loss, calibrated (the current ones before the first epoch's end).</summary>
    public void TakeBest()
    {
        if (_state.BestLoss is null) return;
        _best.CopyTo(_model.Parameters.Values);
        _model.Pack(training: true);
    }

    /// <summary>All that is laid out like the parameters and goes into a checkpoint.</summary>
    private IEnumerable<(string Prefix, Memory<float> Buffer)> Buffers =>
    [
        ("weights/", _model.Parameters.Values),
        ("best/", _best),
        .. _step.Optimizer.State.Select(state => ($"optimizer/{state.Name}/", state.Values)),
    ];

    /// <summary>Not while the loss is rising: the weights may be on their way to a divergence. A rise that lasts is what the data is like.</summary>
    private void MoveSavePoint()
    {
        TrainingState last = _savePoint.State;
        bool isRising = last.Step > 0 && _state.LossTrend > RiseOfDivergence * last.LossTrend && _state.Step - last.Step < MostSavePointsMissed * _config.StepsPerSavePoint;
        if (!isRising && _state.LossTrend <= WorstLoss) _savePoint.Take(_state);
    }

    /// <summary>A loss that no sensible network has on average: three times that of a guess.</summary>
    private double WorstLoss => (3 * Math.Log(_model.Outputs)) + 1;

    /// <summary>The mean of the first losses, then an exponential one.</summary>
    private double Trend(double loss) => _state.LossTrend + ((loss - _state.LossTrend) / Math.Min(_state.Step + 1, StepsOfTrend));

    private EpochReport EndEpoch()
    {
        (Score validation, float factor) = Validate();
        if (!double.IsFinite(validation.Loss)) throw new TrainingDivergedException((ulong)_state.Step, $"the validation loss is {validation.Loss}");
        int epoch = _state.Epoch + 1;
        bool isBest = !_chooses || _state.BestLoss is not { } best || validation.Loss < best;
        int bestEpoch = isBest ? epoch : _state.BestEpoch;
        double bestLoss = isBest ? validation.Loss : _state.BestLoss!.Value;
        bool stops = _config.EarlyStoppingPatience > 0 && epoch - bestEpoch >= _config.EarlyStoppingPatience;
        if ((stops || epoch == _config.Epochs) && bestLoss > WorstLoss)
            throw new TrainingDivergedException((ulong)_state.Step, $"the best validation loss is {bestLoss:G3} nats, where a guess costs {Math.Log(_model.Outputs):G3}");
        if (isBest)
        {
            _model.Parameters.Values.CopyTo(_best);
            if (factor != 1) _model.ScaleLogits(_best.Span, factor);
        }

        var report = new EpochReport(epoch, _state.LossSum / Math.Max(double.Epsilon, _state.Weight), (double)_state.Correct / Math.Max(1, _state.Targets), validation, _state.NormSum / StepsPerEpoch, isBest);
        _state = new TrainingState(
            _state.Step, epoch, 0, 0, 0, 0, 0, 0,
            bestLoss,
            bestEpoch,
            stops,
            _config.Schedule == ScheduleKind.Plateau ? _state.Plateau.After(validation.Loss, new PlateauConfig { Factor = _config.Decay }) : _state.Plateau,
            _state.LossTrend,
            _state.Rescues);
        return report;
    }

    /// <summary>The score on the validation set and, for classes, the factor on the logits it was reached with.</summary>
    private (Score Score, float Factor) Validate()
    {
        if (_model.EmitsTokens) return (Evaluation.Measure(_model, _validation, _shards), 1);
        (float[] logits, int[] targets) = Evaluation.Logits(_model, _validation, _shards);
        float factor = Calibration.Factor(logits, targets, _model.Outputs);
        TensorPrimitives.Multiply(logits, factor, logits);
        return (Evaluation.OfLogits(logits, targets, _model.Outputs), factor);
    }
}
