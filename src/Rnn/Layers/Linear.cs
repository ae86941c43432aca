using System.Numerics.Tensors;
using Rnn.Kernels;
using Rnn.Tensors;

namespace Rnn.Layers;

/// <summary><c>y = x Wᵀ + b</c>, weight <c>[out, in]</c> as in PyTorch.</summary>
public sealed class Linear
{
    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly PackedMatrix _product;
    private PackedMatrix? _gradient;

    /// <summary>Declares <c>{prefix}weight</c> and <c>{prefix}bias</c>.</summary>
    public Linear(ParameterSet parameters, string prefix, int inputSize, int outputSize)
    {
        InputSize = inputSize;
        OutputSize = outputSize;
        _weight = parameters.Add($"{prefix}weight", [outputSize, inputSize]);
        _bias = parameters.Add($"{prefix}bias", [outputSize]);
        _product = new PackedMatrix(inputSize, outputSize);
    }

    /// <summary>Features in.</summary>
    public int InputSize { get; }

    /// <summary>Features out.</summary>
    public int OutputSize { get; }

    /// <summary>Weights after Glorot, bias zero.</summary>
    public void Initialize(ref RandomSource random)
    {
        Initializers.Xavier(_weight.Values.Span, InputSize, OutputSize, ref random);
        _bias.Values.Span.Clear();
    }

    /// <summary>Packs the weight; call after every change of it.</summary>
    public void Pack(bool training)
    {
        _product.PackTransposed(_weight.Values.Span);
        if (training) (_gradient ??= new PackedMatrix(OutputSize, InputSize)).Pack(_weight.Values.Span);
    }

    /// <summary>Multiplies weight and bias in a buffer laid out like the parameters.</summary>
    public void Scale(Span<float> values, float factor)
    {
        TensorPrimitives.Multiply(_weight.In(values), factor, _weight.In(values));
        TensorPrimitives.Multiply(_bias.In(values), factor, _bias.In(values));
    }

    /// <summary><paramref name="x"/> is <c>[rows, in]</c>; overwrites <paramref name="y"/> <c>[rows, out]</c>.</summary>
    public void Forward(ReadOnlySpan<float> x, int rows, Span<float> y) => MatMul.Multiply(x, rows, _product, _bias.Values.Span, y, OutputSize);

    /// <summary>Adds to the parameters' gradients and to <paramref name="dx"/> <c>[rows, in]</c>.</summary>
    public void Backward(ReadOnlySpan<float> x, int rows, ReadOnlySpan<float> dy, Span<float> dx, Span<float> gradients, Workspace workspace)
    {
        if (_gradient is null) throw new InvalidOperationException("The layer was packed for inference; pack it for training first.");
        Span<float> scratch = workspace.Rent(MatMul.ScratchLength(rows, OutputSize, InputSize)).Span;
        MatMul.MultiplyTransposedAdd(dy, OutputSize, OutputSize, x, InputSize, InputSize, rows, _weight.In(gradients), scratch);
        Span<float> dBias = _bias.In(gradients);
        for (int row = 0; row < rows; row++) TensorPrimitives.Add(dBias, dy.Slice(row * OutputSize, OutputSize), dBias);
        MatMul.MultiplyAdd(dy, rows, _gradient, dx, InputSize);
    }
}
