using System.Numerics.Tensors;

namespace Rnn.Tensors;

/// <summary>One named weight of a model: a shape and a place in the buffers of its <see cref="ParameterSet"/>.</summary>
public sealed class Parameter
{
    internal Parameter(string name, int[] shape, bool sparse)
    {
        Name = name;
        Shape = shape;
        IsSparse = sparse;
        Length = (int)TensorPrimitives.Product<int>(shape);
    }

    /// <summary>PyTorch's name, for example <c>rnn.weight_ih_l0</c>.</summary>
    public string Name { get; }

    /// <summary>Row-major dimensions, PyTorch's order ([out, in]).</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>Whether a batch touches only a few rows (a lookup table), so that shards do not carry a dense gradient of it.</summary>
    public bool IsSparse { get; }

    /// <summary>Number of values.</summary>
    public int Length { get; }

    /// <summary>First value in the buffers of the set.</summary>
    internal int Offset { get; set; }

    /// <summary>The values, as a view.</summary>
    public Memory<float> Values { get; internal set; }

    /// <summary>The values with their shape.</summary>
    public TensorSpan<float> AsTensor() => new(Values.Span, [.. Shape.Select(size => (nint)size)]);

    /// <summary>This parameter's part of a buffer laid out like the set's values: gradients or moments.</summary>
    public Span<float> In(Span<float> buffer) => buffer.Slice(Offset, Length);
}
