using System.Runtime.InteropServices;

namespace Rnn.Tensors;

/// <summary>One named tensor of a safetensors file, row-major.</summary>
/// <param name="Name">Unique within its file; any text but <c>__metadata__</c>.</param>
/// <param name="DType"><c>F32</c>, or, with <see cref="Raw"/>, one of <c>F64 F16 BF16 I64 I32 U8 BOOL</c>.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Values">The elements as float32 (rounded where the stored type is wider), as many as the product of <paramref name="Shape"/>.</param>
public sealed record SafeTensor(string Name, string DType, int[] Shape, ReadOnlyMemory<float> Values)
{
    /// <summary>The stored little-endian bytes when <see cref="DType"/> is not F32, whose bytes are <see cref="Values"/> itself; otherwise empty.</summary>
    public ReadOnlyMemory<byte> Raw { get; init; }

    /// <summary>The stored bytes, little-endian and row-major, of whatever type.</summary>
    public ReadOnlySpan<byte> Bytes => DType == "F32" ? MemoryMarshal.AsBytes(Values.Span) : Raw.Span;

    /// <summary>A float32 tensor; the values are not copied.</summary>
    public static SafeTensor OfFloats(string name, int[] shape, ReadOnlyMemory<float> values) => new(name, "F32", shape, values);

    /// <summary>A vector of 64-bit integers, exact (counters, orders, random states).</summary>
    public static SafeTensor OfInt64(string name, ReadOnlySpan<long> values)
    {
        var raw = MemoryMarshal.AsBytes(values).ToArray();
        return new SafeTensor(name, "I64", [values.Length], SafeTensorsElement.ToFloats("I64", raw)) { Raw = raw };
    }

    /// <summary>The elements of an I64 tensor, exact.</summary>
    /// <exception cref="InvalidDataException">The tensor is of another type.</exception>
    public long[] ToInt64() => DType == "I64"
        ? MemoryMarshal.Cast<byte, long>(Raw.Span).ToArray()
        : throw new InvalidDataException($"tensor '{Name}' is {DType}, expected I64");
}
