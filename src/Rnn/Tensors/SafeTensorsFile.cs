namespace Rnn.Tensors;

/// <summary>What a safetensors file holds.</summary>
/// <param name="Metadata">The file's string map; empty when it has none.</param>
/// <param name="Tensors">By name, in the order of their data.</param>
public sealed record SafeTensorsFile(IReadOnlyDictionary<string, string> Metadata, IReadOnlyDictionary<string, SafeTensor> Tensors)
{
    /// <summary>A float tensor of an expected shape.</summary>
    /// <exception cref="InvalidDataException">No such tensor, or of another shape; the message names both.</exception>
    public ReadOnlyMemory<float> Values(string name, params ReadOnlySpan<int> shape)
    {
        if (!Tensors.TryGetValue(name, out var tensor))
            throw new InvalidDataException($"the file has no tensor '{name}'");
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
            throw new InvalidDataException($"tensor '{name}' has shape [{string.Join(", ", tensor.Shape)}], expected [{string.Join(", ", shape.ToArray())}]");
        return tensor.Values;
    }
}
