using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Training;

/// <summary>One named buffer of an optimizer, laid out like the parameters; the names are PyTorch's.</summary>
public readonly record struct OptimizerState(string Name, Memory<float> Values);

/// <summary>Turns gradients into updates; all it remembers stands in <see cref="State"/>, so that a checkpoint can hold it.</summary>
public sealed class Optimizer
{
    private readonly OptimizerConfig _config;
    private readonly ParameterSet _parameters;
    // By the rule's own numbering; default where the configuration needs none.
    private readonly Memory<float>[] _states = new Memory<float>[3];

    /// <summary>An optimizer at its beginning for these parameters.</summary>
    public Optimizer(OptimizerConfig config, ParameterSet parameters)
    {
        _config = config;
        _parameters = parameters;
        var states = new List<OptimizerState>();
        foreach ((int place, string name) in Names(config))
        {
            _states[place] = AlignedMemory.Allocate(parameters.Length);
            states.Add(new OptimizerState(name, _states[place]));
        }

        if (config.Kind == OptimizerKind.Adagrad) _states[0].Span.Fill((float)config.InitialAccumulator);
        State = states;
    }

    /// <summary>What it remembers from update to update.</summary>
    public IReadOnlyList<OptimizerState> State { get; }

    /// <summary>
    /// The numbers of update <paramref name="step"/> (from 1). Gradients are first multiplied by <paramref name="gradientScale"/>, then clamped to ±<paramref name="gradientLimit"/>.
    /// </summary>
    public UpdateNumbers Numbers(long step, double learningRate, double gradientScale = 1, double gradientLimit = double.PositiveInfinity)
    {
        bool isAdam = _config.Kind is OptimizerKind.Adam or OptimizerKind.Adamw;
        bool isDecoupled = _config.Kind == OptimizerKind.Adamw;
        double stepSize = isAdam ? learningRate / (1 - Math.Pow(_config.Beta1, step))
            : _config.Kind == OptimizerKind.Adagrad ? learningRate / (1 + ((step - 1) * _config.LearningRateDecay))
            : learningRate;
        double keptSquares = isAdam ? _config.Beta2 : _config.Alpha;
        return new UpdateNumbers
        {
            GradientScale = (float)gradientScale,
            GradientLimit = (float)gradientLimit,
            Penalty = isDecoupled ? 0 : (float)_config.WeightDecay,
            Decay = isDecoupled ? (float)(1 - (learningRate * _config.WeightDecay)) : 1,
            StepSize = (float)stepSize,
            Keep1 = (float)(isAdam ? _config.Beta1 : _config.Momentum),
            // The first gradient becomes the momentum as it is.
            Take1 = (float)(isAdam ? 1 - _config.Beta1 : step == 1 ? 1 : 1 - _config.Dampening),
            Keep2 = (float)keptSquares,
            Take2 = (float)(1 - keptSquares),
            RootScale = isAdam ? (float)(1 / Math.Sqrt(1 - Math.Pow(_config.Beta2, step))) : 1,
            Epsilon = (float)(_config.Epsilon ?? (_config.Kind == OptimizerKind.Adagrad ? 1e-10 : 1e-8)),
            Variant = isAdam ? _config.AmsGrad : _config.Kind == OptimizerKind.Rmsprop ? _config.Centered : _config.Kind == OptimizerKind.Nesterov,
            Momentum = (float)_config.Momentum,
        };
    }

    /// <summary>Updates a range of the parameters from <paramref name="gradients"/> (laid out like them); ranges may be updated by different threads.</summary>
    public void Update(int start, int length, ReadOnlySpan<float> gradients, in UpdateNumbers numbers)
    {
        switch (_config.Kind)
        {
            case OptimizerKind.Sgd: Update<SgdRule>(start, length, gradients, numbers); break;
            case OptimizerKind.Momentum or OptimizerKind.Nesterov: Update<MomentumRule>(start, length, gradients, numbers); break;
            case OptimizerKind.Rmsprop: Update<RmsPropRule>(start, length, gradients, numbers); break;
            case OptimizerKind.Adagrad: Update<AdagradRule>(start, length, gradients, numbers); break;
            default: Update<AdamRule>(start, length, gradients, numbers); break;
        }
    }

    private void Update<TRule>(int start, int length, ReadOnlySpan<float> gradients, in UpdateNumbers numbers)
        where TRule : IUpdateRule =>
        UpdateStep.Update<TRule>(_parameters.Values.Span.Slice(start, length), gradients.Slice(start, length), Range(0, start, length), Range(1, start, length), Range(2, start, length), numbers);

    private Span<float> Range(int state, int start, int length) => _states[state].IsEmpty ? default : _states[state].Span.Slice(start, length);

    private static IEnumerable<(int Place, string Name)> Names(OptimizerConfig config)
    {
        switch (config.Kind)
        {
            case OptimizerKind.Sgd:
                break;
            case OptimizerKind.Momentum or OptimizerKind.Nesterov:
                yield return (0, "momentum_buffer");
                break;
            case OptimizerKind.Rmsprop:
                yield return (0, "square_avg");
                if (config.Centered) yield return (1, "grad_avg");
                if (config.Momentum > 0) yield return (2, "momentum_buffer");
                break;
            case OptimizerKind.Adagrad:
                yield return (0, "sum");
                break;
            case OptimizerKind.Adam or OptimizerKind.Adamw:
                yield return (0, "exp_avg");
                yield return (1, "exp_avg_sq");
                if (config.AmsGrad) yield return (2, "max_exp_avg_sq");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(config), config.Kind, "Unknown optimizer.");
        }
    }
}
