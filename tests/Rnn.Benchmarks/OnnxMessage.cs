using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Rnn.Benchmarks;

/// <summary>A message of onnx.proto3 in protobuf's wire format: as much of it as a small graph needs.</summary>
internal sealed class OnnxMessage
{
    private const int LengthDelimited = 2;
    private const int FloatType = 1;
    private const int IntAttribute = 2;

    private readonly ArrayBufferWriter<byte> _bytes = new();

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    public OnnxMessage Integer(int field, long value)
    {
        Varint((ulong)(field << 3));
        Varint((ulong)value);
        return this;
    }

    public OnnxMessage Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint((ulong)((field << 3) | LengthDelimited));
        Varint((ulong)value.Length);
        _bytes.Write(value);
        return this;
    }

    public OnnxMessage Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public OnnxMessage Message(int field, OnnxMessage value) => Bytes(field, value.ToArray());

    /// <summary>A <c>TensorProto</c> of floats.</summary>
    public static OnnxMessage Tensor(string name, ReadOnlySpan<float> values, params ReadOnlySpan<int> shape)
    {
        var tensor = new OnnxMessage();
        foreach (var size in shape) tensor.Integer(1, size);
        return tensor.Integer(2, FloatType).Text(8, name).Bytes(9, MemoryMarshal.AsBytes(values));
    }

    /// <summary>A <c>ValueInfoProto</c>; sizes that are names vary from run to run.</summary>
    public static OnnxMessage Value(string name, int type, params ReadOnlySpan<object> shape)
    {
        var sizes = new OnnxMessage();
        foreach (var size in shape) sizes.Message(1, size is int fixedSize ? new OnnxMessage().Integer(1, fixedSize) : new OnnxMessage().Text(2, (string)size));
        return new OnnxMessage().Text(1, name).Message(2, new OnnxMessage().Message(1, new OnnxMessage().Integer(1, type).Message(2, sizes)));
    }

    /// <summary>A <c>NodeProto</c> with at most one attribute, an integer.</summary>
    public static OnnxMessage Node(string operation, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, string? attribute = null, long value = 0)
    {
        var node = new OnnxMessage();
        foreach (var input in inputs) node.Text(1, input);
        foreach (var output in outputs) node.Text(2, output);
        node.Text(3, operation).Text(4, operation);
        return attribute is null ? node : node.Message(5, new OnnxMessage().Text(1, attribute).Integer(3, value).Integer(20, IntAttribute));
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) _bytes.Write([(byte)(value | 0x80)]);
        _bytes.Write([(byte)value]);
    }
}
