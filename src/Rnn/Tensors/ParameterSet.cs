using Rnn.Kernels;

namespace Rnn.Tensors;

/// <summary>
/// All parameters of a model in one buffer, each starting on a cache line; gradients and moments use buffers of the same layout.
/// Dense parameters come first, so that a shard's gradient buffer can stop at <see cref="DenseLength"/>.
/// </summary>
public sealed class ParameterSet
{
    private const int CacheLine = 16;
    private readonly List<Parameter> _parameters = [];

    /// <summary>The parameters in the order in which the layers declared them.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Floats in a buffer of the set, padding included.</summary>
    public int Length { get; private set; }

    /// <summary>Floats that the dense parameters occupy at the front.</summary>
    public int DenseLength { get; private set; }

    /// <summary>Number of trained values, padding not counted.</summary>
    public long Count => _parameters.Sum(parameter => (long)parameter.Length);

    /// <summary>The values of all parameters; padding is zero and stays so.</summary>
    public Memory<float> Values { get; private set; }

    /// <summary>Declares a parameter; its values exist after <see cref="Allocate"/>.</summary>
    public Parameter Add(string name, int[] shape, bool sparse = false)
    {
        if (Length > 0) throw new InvalidOperationException($"Parameter {name} declared after the set was allocated.");
        if (_parameters.Exists(parameter => parameter.Name == name)) throw new ArgumentException($"Parameter {name} is declared twice.", nameof(name));
        var parameter = new Parameter(name, shape, sparse);
        _parameters.Add(parameter);
        return parameter;
    }

    /// <summary>Lays out all declared parameters and gives them zeroed values.</summary>
    public void Allocate()
    {
        int offset = 0;
        foreach (Parameter parameter in _parameters.OrderBy(parameter => parameter.IsSparse))
        {
            parameter.Offset = offset;
            offset = checked(offset + ((parameter.Length + CacheLine - 1) / CacheLine * CacheLine));
            if (!parameter.IsSparse) DenseLength = offset;
        }

        Length = offset;
        Values = AlignedMemory.Allocate(offset);
        foreach (Parameter parameter in _parameters) parameter.Values = Values.Slice(parameter.Offset, parameter.Length);
    }

    /// <summary>The parameters as tensors over <paramref name="buffer"/> (values, moments, …), named with an optional prefix.</summary>
    public IEnumerable<SafeTensor> AsTensors(Memory<float> buffer, string prefix = "") =>
        _parameters.Select(parameter => SafeTensor.OfFloats(prefix + parameter.Name, [.. parameter.Shape], buffer.Slice(parameter.Offset, parameter.Length)));

    /// <summary>Copies tensors written by <see cref="AsTensors"/> back into a buffer.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing or has another shape.</exception>
    public void CopyFrom(SafeTensorsFile file, Memory<float> buffer, string prefix = "")
    {
        foreach (Parameter parameter in _parameters)
            file.Values(prefix + parameter.Name, [.. parameter.Shape]).CopyTo(buffer.Slice(parameter.Offset, parameter.Length));
    }
}
