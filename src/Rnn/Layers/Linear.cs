using System.Numerics.Tensors;
using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary><c>y = x Wᵀ + b</c>, weight <c>[out, in]</c> as in PyTorch.</summary>
public sealed class Linear : IPackable
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;
    private readonly bool _ownsWeight;
    private readonly PackedMatrix _product;
    private PackedMatrix? _gradient;

    /// <summary>Declares <c>{prefix}weight</c> and, unless there is none, <c>{prefix}bias</c>.</summary>
    public Linear(ParameterSet parameters, string prefix, int inputSize, int outputSize, bool bias = true)
        : this(parameters, prefix, parameters.Add($"{prefix}weight", [outputSize, inputSize]), bias) => _ownsWeight = true;

    /// <summary>Uses a weight <c>[out, in]</c> that belongs to another layer (weight tying: Press &amp; Wolf 2017) and declares <c>{prefix}bias</c>.</summary>
    public Linear(ParameterSet parameters, string prefix, Parameter weight, bool bias = true)
    {
        OutputSize = weight.Shape[0];
        InputSize = weight.Shape[1];
        _weight = weight;
        if (bias) _bias = parameters.Add($"{prefix}bias", [OutputSize]);
        _product = new PackedMatrix(InputSize, OutputSize);
    }

    /// <summary>Features in.</summary>
    public int InputSize { get; }

    /// <summary>Features out.</summary>
    public int OutputSize { get; }

    /// <summary>Weights after Glorot unless they are another layer's, bias zero.</summary>
    public void Initialize(ref RandomSource random)
    {
        if (_ownsWeight) Initializers.Xavier(_weight.Values.Span, InputSize, OutputSize, ref random);
        _bias?.Values.Span.Clear();
    }

    /// <inheritdoc/>
    public void Pack(bool training, WeightPrecision precision = WeightPrecision.Fp32)
    {
        _product.PackTransposed(_weight.Values.Span, precision);
        if (!training) _product.PrepareForOneRow();
        else (_gradient ??= new PackedMatrix(OutputSize, InputSize)).Pack(_weight.Values.Span);
    }

    /// <summary>Multiplies weight and bias in a buffer laid out like the parameters.</summary>
    public void Scale(Span<float> values, float factor)
    {
        TensorPrimitives.Multiply(_weight.In(values), factor, _weight.In(values));
        if (_bias is not null) TensorPrimitives.Multiply(_bias.In(values), factor, _bias.In(values));
    }

    /// <summary><paramref name="x"/> is <c>[rows, in]</c>; overwrites <paramref name="y"/> <c>[rows, out]</c>.</summary>
    public void Forward(ReadOnlySpan<float> x, int rows, Span<float> y) => MatMul.Multiply(x, rows, _product, _bias is null ? default : _bias.Values.Span, y, OutputSize);

    /// <summary>Adds to the parameters' gradients and, unless it is empty, overwrites <paramref name="dx"/> <c>[rows, in]</c>.</summary>
    public void Backward(ReadOnlySpan<float> x, int rows, ReadOnlySpan<float> dy, Span<float> dx, Span<float> gradients, Workspace workspace)
    {
        BackwardWeights(x, rows, dy, gradients, workspace);
        if (!dx.IsEmpty) BackwardInput(dy, rows, dx, overwrites: true);
    }

    /// <summary>The half of <see cref="Backward"/> that goes on to the input, where a layer runs step by step; adds to <paramref name="dx"/> or <paramref name="overwrites"/> it.</summary>
    public void BackwardInput(ReadOnlySpan<float> dy, int rows, Span<float> dx, bool overwrites = false)
    {
        if (_gradient is null) throw new InvalidOperationException("The layer was packed for inference; pack it for training first.");
        MatMul.MultiplyAdd(dy, rows, _gradient, dx, InputSize, overwrites);
    }

    /// <summary>The other half, cheapest once for the rows of all steps; adds to the parameters' gradients.</summary>
    public void BackwardWeights(ReadOnlySpan<float> x, int rows, ReadOnlySpan<float> dy, Span<float> gradients, Workspace workspace)
    {
        Span<float> scratch = workspace.Rent(MatMul.ScratchLength(rows, OutputSize, InputSize)).Span;
        MatMul.MultiplyTransposedAdd(dy, OutputSize, OutputSize, x, InputSize, rows, _weight.In(gradients), scratch);
        if (_bias is not null) ColumnSums.Add(dy[..(rows * OutputSize)], _bias.In(gradients));
    }
}
