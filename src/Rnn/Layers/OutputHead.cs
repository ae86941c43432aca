using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary>
/// From features to logits: a linear layer, or, with a tied weight, the embedding table itself (Press &amp; Wolf 2017), after a projection to its width where the
/// features are of another.
/// </summary>
public sealed class OutputHead
{
    private readonly Linear? _projection;
    private readonly Linear _linear;

    /// <summary>Declares <c>{prefix}weight</c> and <c>{prefix}bias</c>; with <paramref name="tied"/> <c>[outputs, E]</c> the bias alone and, where needed, <c>{prefix}projection.*</c>.</summary>
    public OutputHead(ParameterSet parameters, string prefix, int inputSize, int outputs, Parameter? tied = null)
    {
        InputSize = inputSize;
        if (tied is not null && tied.Shape[1] != inputSize) _projection = new Linear(parameters, $"{prefix}projection.", inputSize, tied.Shape[1]);
        _linear = tied is null ? new Linear(parameters, prefix, inputSize, outputs) : new Linear(parameters, prefix, tied);
    }

    /// <summary>Features in.</summary>
    public int InputSize { get; }

    /// <summary>Logits out.</summary>
    public int Outputs => _linear.OutputSize;

    /// <summary>Whether logits are one product of the features.</summary>
    public bool IsPlain => _projection is null;

    /// <summary>What must be packed.</summary>
    public IEnumerable<IPackable> Packables => _projection is null ? [_linear] : [_projection, _linear];

    /// <summary>Draws the weights that are its own.</summary>
    public void Initialize(ref RandomSource random)
    {
        _projection?.Initialize(ref random);
        _linear.Initialize(ref random);
    }

    /// <summary>Multiplies what makes every logit in a buffer laid out like the parameters; not for a tied head, whose weight is also an input.</summary>
    public void Scale(Span<float> values, float factor) => _linear.Scale(values, factor);

    /// <summary><paramref name="x"/> is <c>[rows, in]</c>; overwrites <paramref name="logits"/> <c>[rows, outputs]</c>. Returns what <see cref="Backward"/> needs.</summary>
    public Memory<float> Forward(Memory<float> x, int rows, Span<float> logits, Workspace workspace)
    {
        Memory<float> projected = x;
        if (_projection is not null)
        {
            projected = workspace.Rent(rows * _projection.OutputSize);
            _projection.Forward(x.Span, rows, projected.Span);
        }

        _linear.Forward(projected.Span, rows, logits);
        return projected;
    }

    /// <summary>Adds to the parameters' gradients and overwrites <paramref name="dx"/> <c>[rows, in]</c>; <paramref name="projected"/> is what <see cref="Forward"/> returned.</summary>
    public void Backward(ReadOnlySpan<float> x, Memory<float> projected, int rows, ReadOnlySpan<float> dLogits, Span<float> dx, Span<float> gradients, Workspace workspace)
    {
        if (_projection is null)
        {
            _linear.Backward(x, rows, dLogits, dx, gradients, workspace);
            return;
        }

        Span<float> dProjected = workspace.Rent(projected.Length).Span;
        _linear.Backward(projected.Span, rows, dLogits, dProjected, gradients, workspace);
        _projection.Backward(x, rows, dProjected, dx, gradients, workspace);
    }

    /// <summary>The half of <see cref="Backward"/> that goes on to the features, of a plain head; adds to <paramref name="dx"/>.</summary>
    public void BackwardInput(ReadOnlySpan<float> dLogits, int rows, Span<float> dx) => _linear.BackwardInput(dLogits, rows, dx);
}
