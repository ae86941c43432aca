using System.Buffers.Binary;

namespace Rnn.Tensors;

/// <summary>The element types of safetensors files this library reads: their sizes and their values as float32.</summary>
internal static class SafeTensorsElement
{
    public const string Supported = "F32, F64, F16, BF16, I64, I32, U8, BOOL";

    /// <summary>Bytes of one element, or 0 for a type that is not supported.</summary>
    public static int Size(string dtype) => dtype switch
    {
        "F64" or "I64" => 8,
        "F32" or "I32" => 4,
        "F16" or "BF16" => 2,
        "U8" or "BOOL" => 1,
        _ => 0,
    };

    /// <summary>Little-endian elements as float32, to nearest even. F32 is not copied here but read in place.</summary>
    public static float[] ToFloats(string dtype, ReadOnlySpan<byte> raw)
    {
        var size = Size(dtype);
        var values = new float[raw.Length / size];
        for (var i = 0; i < values.Length; i++)
        {
            var element = raw.Slice(i * size, size);
            values[i] = dtype switch
            {
                "F64" => (float)BinaryPrimitives.ReadDoubleLittleEndian(element),
                "F16" => (float)BinaryPrimitives.ReadHalfLittleEndian(element),
                "BF16" => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(element) << 16),
                "I64" => BinaryPrimitives.ReadInt64LittleEndian(element),
                "I32" => BinaryPrimitives.ReadInt32LittleEndian(element),
                _ => element[0],
            };
        }
        return values;
    }
}
