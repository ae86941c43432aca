using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Rnn.Tensors;

namespace Rnn.Tests.Tensors;

public sealed class SafeTensorsTests
{
    private static readonly Dictionary<string, string> s_metadata = new() { ["words"] = "영화 \"good\" 🎬", ["a"] = "" };

    private static SafeTensor[] Some() =>
    [
        SafeTensor.OfFloats("b", [2, 3], new float[] { 1, -0f, float.Epsilon, float.MaxValue, 1 / 3f, -5 }),
        SafeTensor.OfFloats("a.weight", [], new float[] { 42 }),
        SafeTensor.OfFloats("z", [0, 4], Array.Empty<float>()),
        SafeTensor.OfInt64("counters", [long.MaxValue, -1]),
    ];

    private static byte[] Written(IEnumerable<SafeTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var stream = new MemoryStream();
        SafeTensors.Write(stream, tensors, metadata);
        return stream.ToArray();
    }

    private static byte[] FileOf(string header, params byte[] data)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, .. data];
    }

    [Fact]
    public void What_is_written_is_read_back_bit_for_bit()
    {
        var file = SafeTensors.Read(new MemoryStream(Written(Some(), s_metadata)));

        Assert.Equal(s_metadata, file.Metadata);
        Assert.Equal(["a.weight", "b", "counters", "z"], file.Tensors.Keys);
        foreach (var tensor in Some())
        {
            var got = file.Tensors[tensor.Name];
            Assert.Equal(tensor.DType, got.DType);
            Assert.Equal(tensor.Shape, got.Shape);
            Assert.True(tensor.Bytes.SequenceEqual(got.Bytes), tensor.Name);
        }
        Assert.Equal([long.MaxValue, -1], file.Tensors["counters"].ToInt64());
    }

    [Fact]
    public void Bytes_do_not_depend_on_the_order_of_tensors_and_the_header_is_padded()
    {
        var bytes = Written(Some(), s_metadata);

        Assert.Equal(bytes, Written(Some().Reverse(), s_metadata.Reverse().ToDictionary()));
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(bytes) % 8);
    }

    [Fact]
    public void A_stream_that_cannot_seek_and_returns_little_at_a_time_is_read_all_the_same()
    {
        var values = Enumerable.Range(0, 700_001).Select(i => i * 0.5f).ToArray();
        var bytes = Written([SafeTensor.OfFloats("large", [values.Length], values)]);

        var file = SafeTensors.Read(new TricklingStream(bytes));

        Assert.True(file.Values("large", values.Length).Span.SequenceEqual(values));
    }

    [Fact]
    public void A_claim_of_gigabytes_is_refused_without_allocating_them()
    {
        var lie = FileOf("""{"a":{"dtype":"F32","shape":[500000000],"data_offsets":[0,2000000000]}}""", 1, 2, 3, 4);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<InvalidDataException>(() => SafeTensors.Read(new MemoryStream(lie)));
        Assert.Throws<InvalidDataException>(() => SafeTensors.Read(new TricklingStream(lie)));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,2]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2]}}""")]
    [InlineData("""{"a":{"dtype":null,"shape":[2],"data_offsets":[0,2]}}""")]
    [InlineData("""{"a":[]}""")]
    [InlineData("""{"__metadata__":{"k":1},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""")]
    [InlineData("""{"__metadata__":"k","a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""")]
    [InlineData("""{"a\uD800":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""")]
    public void A_malformed_header_is_refused_with_a_sentence(string header)
    {
        var error = Assert.Throws<InvalidDataException>(() => SafeTensors.Read(new MemoryStream(FileOf(header, 7, 7))));
        Assert.StartsWith("safetensors: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_of_a_good_file_is_refused()
    {
        var bytes = Written(Some(), s_metadata);
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<InvalidDataException>(() => SafeTensors.Read(new MemoryStream(bytes[..length])));
    }

    [Fact]
    public void Any_flipped_byte_is_read_or_refused_but_nothing_else_happens()
    {
        var bytes = Written(Some(), s_metadata);
        for (var i = 0; i < bytes.Length; i++)
        {
            foreach (var flip in new byte[] { 1, 16, 128, 255 })
            {
                var changed = (byte[])bytes.Clone();
                changed[i] ^= flip;
                var error = Record.Exception(() => SafeTensors.Read(new MemoryStream(changed)));
                Assert.True(error is null or InvalidDataException, $"byte {i} ^ {flip}: {error}");
            }
        }
    }

    [Fact]
    public void Sha256_is_over_name_type_shape_and_bytes_in_name_order()
    {
        byte[] expected =
        [
            1, 0, 0, 0, (byte)'a', 3, 0, 0, 0, (byte)'F', (byte)'3', (byte)'2', 0, 0, 0, 0, 0, 0, 128, 63,
            1, 0, 0, 0, (byte)'b', 3, 0, 0, 0, (byte)'F', (byte)'3', (byte)'2', 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 128, 64,
        ];
        var one = SafeTensor.OfFloats("a", [], new[] { 1f });
        var two = SafeTensor.OfFloats("b", [1, 2], new[] { 2f, 4f });

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(expected)), SafeTensors.Sha256([two, one]));
        Assert.NotEqual(SafeTensors.Sha256([one, two]), SafeTensors.Sha256([one, SafeTensor.OfFloats("b", [2, 1], two.Values)]));
    }

    [Fact]
    public void The_writer_refuses_what_could_not_be_read()
    {
        var tensor = SafeTensor.OfFloats("a", [2], new[] { 1f, 2f });
        Assert.Throws<ArgumentException>(() => Written([tensor, tensor]));
        Assert.Throws<ArgumentException>(() => Written([tensor with { Name = "__metadata__" }]));
        Assert.Throws<ArgumentException>(() => Written([tensor with { Shape = [3] }]));
        Assert.Throws<ArgumentException>(() => Written([tensor with { Shape = [-1, -2] }]));
        Assert.Throws<ArgumentException>(() => Written([tensor with { DType = "Q7" }]));
    }

    [Fact]
    public void Asking_for_a_tensor_of_another_shape_names_both()
    {
        var file = SafeTensors.Read(new MemoryStream(Written(Some())));
        var error = Assert.Throws<InvalidDataException>(() => file.Values("b", 3, 2));
        Assert.Contains("[2, 3], expected [3, 2]", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => file.Values("c", 3, 2));
    }

    /// <summary>Forward only, a few kilobytes a read, as from a network.</summary>
    private sealed class TricklingStream(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public override bool CanSeek => false;
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 5000)]);
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 5000));
    }
}
