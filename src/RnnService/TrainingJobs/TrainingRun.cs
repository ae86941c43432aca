using System.Diagnostics;
using Rnn.Models;
using Rnn.Training;
using RnnService.Storage;
using RnnService.TrainingJobs.Insight;

namespace RnnService.TrainingJobs;

/// <summary>One attempt at a job: drives the training loop and tells heartbeat, checkpoints and ledger about it.</summary>
internal sealed class TrainingRun
{
    private const int MostRescues = 3;

    private readonly JobClaim _claim;
    private readonly TrainingSpec _spec;
    private readonly TrainingData _data;
    private readonly Competitor? _competitor;
    private readonly BatchShards _shards;
    private readonly JobLedger _ledger;
    private readonly Network _network;
    private readonly Measurement _measurement;
    private readonly EpochSamples _samples;
    private readonly TrainingLoop _loop;
    private readonly ProgressMeter _meter;
    private readonly FlowRecorder? _flow;

    /// <summary>Prepares the run; goes on from the checkpoint if there is one, else starts from the network's weights.</summary>
    public TrainingRun(JobClaim claim, LearningTask task, TrainingSpec spec, TrainingData data, Competitor? competitor, Network network, BatchShards shards, JobLedger ledger, Checkpoint? checkpoint, StoredProgress progress, JobMetrics best)
    {
        (_claim, _spec, _data, _competitor, _shards, _ledger, _network) = (claim, spec, data, competitor, shards, ledger, network);
        _measurement = new Measurement(network, data, spec.Tokenizer?.Kind, shards);
        _samples = new EpochSamples(network, data, shards);
        _loop = new TrainingLoop(_network, data.Train, data.Validation, TrainingConfigs.Of(spec.Training, data.Train, network), shards);
        if (checkpoint is not null) _loop.Restore(checkpoint);
        Best = best with { Baseline = competitor?.Alone() };
        // The row may be ahead of the checkpoint: what was done after it is done again.
        var shown = progress.Shown with { Step = _loop.State.Step, Epoch = _loop.State.Epoch };
        _meter = new ProgressMeter(progress with { Shown = shown }, spec.Training.Epochs, _loop.TotalSteps);
        _flow = spec.Training.GradientFlow is true ? new FlowRecorder(task, spec, data, network, shown.Step) : null;
    }

    /// <summary>Metrics of the best weights so far.</summary>
    public JobMetrics Best { get; private set; }

    /// <summary>How far it is.</summary>
    public StoredProgress Progress => _meter.At(_loop.State);

    /// <summary>Whether a best epoch exists that could be published.</summary>
    public bool HasBest => _loop.State.BestLoss is not null;

    /// <summary>Trains until the loop is finished, its time is up or the job must stop.</summary>
    /// <param name="running">Whether the job must stop.</param>
    /// <param name="heartbeat">Told of the progress.</param>
    /// <param name="checkpoints">Stores checkpoints.</param>
    /// <param name="replayedSteps">Where the training that is replayed ended, whatever ended it; null for training of its own.</param>
    /// <returns>True when training is done, false when it was stopped.</returns>
    public bool Train(RunningJob running, JobHeartbeat heartbeat, CheckpointWriter checkpoints, long? replayedSteps = null)
    {
        var mostSeconds = replayedSteps is null ? _spec.Training.MaxMinutes * 60 ?? double.PositiveInfinity : double.PositiveInfinity;
        var mostSteps = replayedSteps ?? long.MaxValue;
        while (!_loop.Finished && _meter.TrainingSeconds < mostSeconds && _loop.State.Step < mostSteps)
        {
            if (running.MustStop) return false;
            var start = Stopwatch.GetTimestamp();
            if (Advance() is not { } report) continue;
            Telemetry.TrainingSteps.Add(1);
            Telemetry.TrainingTokens.Add(report.Tokens);
            _meter.Add(report, Stopwatch.GetElapsedTime(start).TotalSeconds);
            if (report.EpochEnd is { } epoch) Record(report, epoch);
            if (_flow is not null) Tell(_flow.Add(report));
            heartbeat.Report(Progress);
            if (checkpoints.IsDue(_loop.IsAtSavePoint)) checkpoints.Offer(_loop.Save, Progress);
        }

        return true;
    }

    /// <summary>Stores a checkpoint of where the run is and waits for it.</summary>
    public void Save(CheckpointWriter checkpoints)
    {
        checkpoints.Offer(_loop.Save, Progress);
        checkpoints.Drain();
    }

    /// <summary>The best weights, measured on every split, as a model that can answer.</summary>
    public (TrainedModel Model, JobMetrics Metrics, IReadOnlyList<MetricRow> TestPoints) Finish()
    {
        _loop.TakeBest();
        var (epoch, step) = (Math.Max(1, _loop.State.BestEpoch), _loop.State.Step);
        var (train, validation, test) = (_measurement.Train(), _measurement.Validation(), _measurement.Test());
        var metrics = new JobMetrics { Baseline = _competitor?.Against((test ?? validation).Figure), Train = train, Validation = validation.Metrics, Test = test?.Metrics };
        IReadOnlyList<MetricRow> points = metrics.Test is null ? [] : [.. Points(step, epoch, "test", metrics.Test)];
        if (_flow is not null) Tell(_flow.Last(step, metrics.Train, metrics.Validation, _loop.State.Rescues));
        return (new TrainedModel(_network, _data.Codec), metrics, points);
    }

    /// <summary>One update; null when it could not be made and the run went back instead.</summary>
    /// <exception cref="TrainingDivergedException">Going back did not help.</exception>
    private StepReport? Advance()
    {
        try
        {
            return _loop.Advance(measuresSize: _flow?.IsDue(_loop.State.Step + 1) is true);
        }
        catch (TrainingDivergedException diverged)
        {
            if (_loop.State.Rescues == MostRescues) throw;
            _loop.Rescue();
            _flow?.Rewind(_loop.State.Step);
            _ledger.RewindMetrics(_claim, _loop.State.Step);
            var rate = _spec.Training.LearningRate * Math.ScaleB(1, -_loop.State.Rescues);
            _ledger.AppendWarnings(_claim, [FormattableString.Invariant($"{diverged.Message} It went back to step {_loop.State.Step} and goes on with half the learning rate, {rate:G3}.")]);
            return null;
        }
    }

    private void Tell(IReadOnlyList<FlowPoint> points)
    {
        if (points.Count > 0) _ledger.AppendEvent(_claim, JobEvent.Of(EventKind.GradientFlow, new FlowResponse(points)));
    }

    private void Record(StepReport report, EpochReport epoch)
    {
        var validation = _measurement.After(epoch.Validation);
        if (epoch.IsBest)
            Best = Best with { Train = new SplitMetrics { Loss = epoch.TrainLoss, Accuracy = epoch.TrainAccuracy }, Validation = validation };
        MetricRow train(string name, double value) => new() { JobId = _claim.JobId, Step = report.Step, Epoch = epoch.Epoch, Split = "train", Name = name, Value = value };
        _ledger.AppendMetrics(_claim,
        [
            train("loss", epoch.TrainLoss), train("accuracy", epoch.TrainAccuracy), train("learning_rate", report.LearningRate),
            train("gradient_norm", epoch.GradientNorm), train("tokens_per_second", _meter.EndEpoch()),
            .. Points(report.Step, epoch.Epoch, "validation", validation),
        ], Best);
        if (_samples.IsDue) _ledger.AppendEvent(_claim, JobEvent.OfSamples(new SampleEvent(epoch.Epoch, report.Step, _samples.Take())));
    }

    private IEnumerable<MetricRow> Points(long step, int epoch, string split, SplitMetrics metrics)
    {
        (string Name, double? Value)[] values =
            [("loss", metrics.Loss), ("accuracy", metrics.Accuracy), ("macro_f1", metrics.MacroF1), ("perplexity", metrics.Perplexity), ("bleu", metrics.Bleu)];
        return values.Where(pair => pair.Value is not null)
            .Select(pair => new MetricRow { JobId = _claim.JobId, Step = step, Epoch = epoch, Split = split, Name = pair.Name, Value = pair.Value!.Value });
    }
}
