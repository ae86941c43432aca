using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Rnn.Tensors;

/// <summary>
/// Reads and writes the safetensors format: a u64 little-endian header length N, N bytes of JSON
/// <c>{name: {dtype, shape, data_offsets: [begin, end)}}</c> with an optional <c>__metadata__</c> map of strings,
/// then the elements, row-major and little-endian, without gaps. It holds data only, nothing that can run.
/// </summary>
/// <remarks>Assumes a little-endian machine, as all that .NET's x64 and Arm64 runtimes run on are.</remarks>
public static class SafeTensors
{
    private const string MetadataKey = "__metadata__";
    private const long MaxHeaderBytes = 100_000_000;

    /// <summary>
    /// Writes tensors in ordinal name order, the header padded with spaces to a multiple of 8 bytes.
    /// The same tensors and metadata give the same bytes, whatever order they come in. Elements are not copied.
    /// </summary>
    /// <exception cref="ArgumentException">A name appears twice or is reserved, or a shape does not fit its elements.</exception>
    public static void Write(Stream stream, IEnumerable<SafeTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = Ordered(tensors);
        var header = Header(ordered, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var tensor in ordered) stream.Write(tensor.Bytes);
    }

    /// <summary>
    /// Lower-case hex SHA-256 over the tensors in ordinal name order, metadata left out. Each contributes, little-endian:
    /// u32 length of its name and the name in UTF-8; u32 length of its dtype and the dtype in ASCII (<c>F32</c>);
    /// u32 rank and each size as i64; the elements row-major.
    /// </summary>
    public static string Sha256(IEnumerable<SafeTensor> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var tensor in Ordered(tensors))
        {
            AppendText(hash, tensor.Name);
            AppendText(hash, tensor.DType);
            AppendNumber(hash, tensor.Shape.Length, 4);
            foreach (var size in tensor.Shape) AppendNumber(hash, size, 8);
            hash.AppendData(tensor.Bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Reads a whole file, forward only, each element once. Memory grows with the bytes that arrive, never with what the header claims.</summary>
    /// <exception cref="InvalidDataException">The file is malformed; the message says where.</exception>
    public static SafeTensorsFile Read(Stream stream)
    {
        var prefix = ReadBytes(stream, 8, "header length");
        var headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerBytes > MaxHeaderBytes)
            throw new InvalidDataException($"safetensors: header of {headerBytes} bytes, at most {MaxHeaderBytes} are allowed");
        var (metadata, entries) = Parse(ReadBytes(stream, (long)headerBytes, "header"));

        var tensors = new Dictionary<string, SafeTensor>(entries.Count, StringComparer.Ordinal);
        long position = 0;
        foreach (var entry in entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin != position)
                throw new InvalidDataException($"safetensors: tensor '{entry.Name}' begins at {entry.Begin}, the one before it ends at {position}");
            tensors.Add(entry.Name, ReadTensor(stream, entry));
            position = entry.End;
        }
        if (stream.ReadByte() >= 0)
            throw new InvalidDataException($"safetensors: bytes after the last tensor, which ends at {position}");
        return new SafeTensorsFile(metadata, tensors);
    }

    private sealed record Entry(string Name, string DType, int[] Shape, long Begin, long End);

    private static SafeTensor ReadTensor(Stream stream, Entry entry)
    {
        var what = $"tensor '{entry.Name}'";
        if (entry.DType == "F32")
            return SafeTensor.OfFloats(entry.Name, entry.Shape, ReadElements<float>(stream, entry.End - entry.Begin, what));
        var raw = ReadBytes(stream, entry.End - entry.Begin, what);
        return new SafeTensor(entry.Name, entry.DType, entry.Shape, SafeTensorsElement.ToFloats(entry.DType, raw)) { Raw = raw };
    }

    private static byte[] ReadBytes(Stream stream, long bytes, string what) => ReadElements<byte>(stream, bytes, what);

    /// <summary>Exactly <paramref name="bytes"/> bytes as elements; a stream that cannot say its length is trusted only as far as it has delivered.</summary>
    private static T[] ReadElements<T>(Stream stream, long bytes, string what) where T : unmanaged
    {
        const long FirstBlock = 1 << 20;
        var size = Marshal.SizeOf<T>();
        if (stream.CanSeek && stream.Length - stream.Position < bytes || bytes / size > Array.MaxLength)
            throw new InvalidDataException($"safetensors: {what} claims {bytes} bytes, more than the file has");
        var elements = new T[(stream.CanSeek ? bytes : Math.Min(bytes, FirstBlock)) / size];
        long read = 0;
        while (read < bytes)
        {
            if (read == (long)elements.Length * size)
                Array.Resize(ref elements, (int)Math.Min(bytes / size, Math.Min(elements.Length * 2L, Array.MaxLength)));
            var rest = elements.AsSpan((int)(read / size));
            // One span of bytes holds at most 2 GB.
            var target = MemoryMarshal.AsBytes(rest[..Math.Min(rest.Length, int.MaxValue / 16)]);
            var got = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
            if (got < target.Length)
                throw new InvalidDataException($"safetensors: the file ends {bytes - read - got} bytes early, within {what}");
            read += got;
        }
        return elements;
    }

    private static (Dictionary<string, string> Metadata, List<Entry> Entries) Parse(byte[] header)
    {
        try
        {
            using var document = JsonDocument.Parse(header, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException("safetensors: the header is not a JSON object");
            var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
            var entries = new List<Entry>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name != MetadataKey) entries.Add(ParseEntry(property));
                else foreach (var item in property.Value.EnumerateObject())
                    metadata.Add(item.Name, item.Value.GetString() ?? throw new InvalidDataException($"safetensors: metadata '{item.Name}' is null"));
            }
            return (metadata, entries);
        }
        // What JsonElement throws for a value of the wrong kind, a number out of range, a missing property, a text that is not UTF-8.
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new InvalidDataException($"safetensors: the header is not valid: {e.Message}", e);
        }
    }

    private static Entry ParseEntry(JsonProperty property)
    {
        var dtype = property.Value.GetProperty("dtype").GetString() ?? "null";
        var size = SafeTensorsElement.Size(dtype);
        if (size == 0)
            throw new InvalidDataException($"safetensors: tensor '{property.Name}' is of type {dtype}; readable are {SafeTensorsElement.Supported}");
        var shape = property.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt32()).ToArray();
        var offsets = property.Value.GetProperty("data_offsets").EnumerateArray().Select(o => o.GetInt64()).ToArray();
        if (offsets is not [>= 0, >= 0] || offsets[1] < offsets[0])
            throw new InvalidDataException($"safetensors: tensor '{property.Name}' has data_offsets [{string.Join(", ", offsets)}], expected [begin, end]");
        if (Count(shape) is not { } count || count > long.MaxValue / size || count * size != offsets[1] - offsets[0])
            throw new InvalidDataException($"safetensors: tensor '{property.Name}' of type {dtype} and shape [{string.Join(", ", shape)}] does not fill {offsets[1] - offsets[0]} bytes");
        return new Entry(property.Name, dtype, shape, offsets[0], offsets[1]);
    }

    /// <summary>The product of the sizes, or null when one is negative or the product does not fit.</summary>
    private static long? Count(int[] shape)
    {
        long count = 1;
        foreach (var size in shape)
        {
            if (size < 0 || Math.BigMul(count, size, out var low) != 0 || low < 0) return null;
            count = low;
        }
        return count;
    }

    private static SafeTensor[] Ordered(IEnumerable<SafeTensor> tensors)
    {
        var ordered = tensors.OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();
        for (var i = 0; i < ordered.Length; i++)
        {
            var tensor = ordered[i];
            if (tensor.Name == MetadataKey || i > 0 && ordered[i - 1].Name == tensor.Name)
                throw new ArgumentException($"tensor name '{tensor.Name}' is reserved or appears twice", nameof(tensors));
            var size = SafeTensorsElement.Size(tensor.DType);
            if (size == 0 || Count(tensor.Shape) is not { } count || count * size != tensor.Bytes.Length)
                throw new ArgumentException($"tensor '{tensor.Name}' of type {tensor.DType} and shape [{string.Join(", ", tensor.Shape)}] has {tensor.Bytes.Length} bytes", nameof(tensors));
        }
        return ordered;
    }

    private static ReadOnlySpan<byte> Header(SafeTensor[] ordered, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        // The header is no web page: readable text stays readable and short.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal)) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var tensor in ordered)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.DType);
                json.WriteStartArray("shape");
                foreach (var size in tensor.Shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.Bytes.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        var padding = (8 - buffer.WrittenCount % 8) % 8;
        buffer.GetSpan(padding + 1)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenSpan;
    }

    private static void AppendText(IncrementalHash hash, string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        AppendNumber(hash, utf8.Length, 4);
        hash.AppendData(utf8);
    }

    private static void AppendNumber(IncrementalHash hash, long number, int bytes)
    {
        Span<byte> buffer = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(buffer, number);
        hash.AppendData(buffer[..bytes]);
    }
}
