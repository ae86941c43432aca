using System.Diagnostics;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Training;
using RnnService.Storage;

namespace RnnService.TrainingJobs.Insight;

/// <summary>Measures the flow of gradients now and then while a job trains, ever more seldom and for half a percent of its time.</summary>
internal sealed class FlowRecorder
{
    private const int FirstStep = 25;
    private const double MostOfTheTime = 0.005;
    private const int Digits = 4;
    private const int PointsOfVerdict = 3;

    private readonly LearningTask _task;
    private readonly TrainingSpec _spec;
    private readonly TrainingData _data;
    private readonly GradientFlowProbe _probe;
    private readonly double _guess;
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly Dictionary<(string? Part, int Layer, bool Reverse), List<double>> _left = [];
    private double _seconds;
    private bool _isWarm;
    private long _next;
    private (double Before, double After, int Clipped, int Count) _norms;
    private UpdateSize _size = new(0, 0);

    /// <param name="task">What the job teaches.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="data">Its rows; the probe looks at held-out ones.</param>
    /// <param name="network">What is trained.</param>
    /// <param name="step">Where training goes on.</param>
    public FlowRecorder(LearningTask task, TrainingSpec spec, TrainingData data, Network network, long step)
    {
        (_task, _spec, _data) = (task, spec, data);
        _probe = new GradientFlowProbe(network, data.Probe);
        _guess = Math.Log(network.Outputs);
        _next = After(step);
    }

    /// <summary>Whether an update will be followed by a measurement, if there is time for it; then its size is wanted.</summary>
    public bool IsDue(long step) => step >= _next && _seconds <= MostOfTheTime * Stopwatch.GetElapsedTime(_began).TotalSeconds;

    /// <summary>Takes note of an update; measures if one is due.</summary>
    /// <returns>The points, if there are new ones.</returns>
    public IReadOnlyList<FlowPoint> Add(StepReport report)
    {
        _norms = (_norms.Before + report.GradientNorm, _norms.After + report.ClippedNorm, _norms.Clipped + (report.ClippedNorm < report.GradientNorm * 0.999 ? 1 : 0), _norms.Count + 1);
        if (report.Size is null) return [];
        _size = report.Size;
        var start = Stopwatch.GetTimestamp();
        var points = Measure(report.Step, []);
        // The first one also compiles, and is not worth waiting long for the second.
        if (_isWarm) _seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
        _isWarm = true;
        _next = After(report.Step);
        _norms = default;
        return points;
    }

    /// <summary>Forgets what was counted since the save point that a run goes back to.</summary>
    public void Rewind(long step) => (_norms, _next) = (default, After(step));

    /// <summary>The last points, of the weights that are published, with what the losses call for.</summary>
    public IReadOnlyList<FlowPoint> Last(long step, SplitMetrics train, SplitMetrics validation, int rescues) =>
        Measure(step, FlowAdvice.OfLosses(_spec, train.Loss, validation.Loss, _guess, rescues));

    private static long After(long step) => Math.Max(FirstStep, Math.Max(step + FirstStep, step * 5 / 4));

    private List<FlowPoint> Measure(long step, IReadOnlyList<Advice> more)
    {
        var count = Math.Max(1, _norms.Count);
        var norm = new FlowGradientNorm(Round(_norms.Before / count), Round(_norms.After / count), Round((double)_norms.Clipped / count));
        return [.. _probe.Measure().Select((flow, i) => Point(step, flow, norm, i == 0 ? more : []))];
    }

    private FlowPoint Point(long step, GradientFlow flow, FlowGradientNorm norm, IReadOnlyList<Advice> more)
    {
        var needed = Needed(flow);
        var left = Left(flow, needed);
        return new FlowPoint
        {
            Step = step,
            Part = flow.Part,
            Layer = flow.Layer,
            Direction = flow.Reverse ? FlowDirection.Backward : FlowDirection.Forward,
            LagGradientNorm = [.. flow.LagGradientNorm.Select(Round)],
            CellLagGradientNorm = flow.CellLagGradientNorm.Count == 0 ? null : [.. flow.CellLagGradientNorm.Select(Round)],
            DecayPerStep = flow.DecayPerStep is { } decay ? Round(decay) : null,
            EffectiveMemorySteps = flow.EffectiveMemorySteps(),
            MemoryThreshold = GradientFlow.MemoryThreshold,
            NeededSteps = needed,
            RecurrentSpectralRadius = Round(flow.SpectralRadius),
            SaturationFraction = Round(flow.Activity.SaturationFraction),
            GateMeans = flow.Activity.GateMeans.Count == 0 ? null : flow.Activity.GateMeans.ToDictionary(gate => gate.Key, gate => Round(gate.Value)),
            GradientNorm = norm,
            WeightNorm = Round(_size.WeightNorm),
            UpdateNorm = Round(_size.UpdateNorm),
            BpttSteps = _spec.Training.BpttSteps,
            Verdict = GradientFlow.VerdictOf(left),
            Advice = [.. FlowAdvice.OfFlow(_task, _spec, flow, needed, left, norm), .. more],
        };
    }

    /// <summary>A few sequences tell it with noise: the median of this measurement and the two before.</summary>
    private double Left(GradientFlow flow, int needed)
    {
        if (!_left.TryGetValue((flow.Part, flow.Layer, flow.Reverse), out var measured)) _left[(flow.Part, flow.Layer, flow.Reverse)] = measured = [];
        measured.Add(flow.LeftAfter(needed));
        double[] last = [.. measured.TakeLast(PointsOfVerdict).Order()];
        return last[(last.Length - 1) / 2];
    }

    /// <summary>
    /// All of a sequence where only its last state is read. Where every step has a loss or is read by pooling or attention most of what a step needs is near it: a quarter.
    /// </summary>
    private int Needed(GradientFlow flow)
    {
        var scansTargets = flow.Part == "decoder" || _task == LearningTask.Captioning;
        int[] lengths = [.. Enumerable.Range(0, _data.Probe.Count).Select(row => scansTargets ? _data.Probe.Targets[row].Length : _data.Probe.Inputs[row].Steps).Order()];
        var median = lengths[lengths.Length / 2];
        var needsAll = _spec.Network.Pooling == PoolingKind.Last || (flow.Part == "encoder" && _spec.Network.Attention == AttentionKind.None);
        return needsAll ? median : Math.Max(1, median / 4);
    }

    /// <summary>Four digits say enough; what is no JSON number is as large as one can be.</summary>
    private static double Round(double value)
    {
        if (!double.IsFinite(value)) return double.MaxValue;
        if (value == 0) return 0;
        var scale = Math.Pow(10, Digits - 1 - Math.Floor(Math.Log10(Math.Abs(value))));
        return double.IsFinite(scale) && scale > 0 ? Math.Round(value * scale) / scale : value;
    }
}
