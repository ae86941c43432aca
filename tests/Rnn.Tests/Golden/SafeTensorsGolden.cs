using Rnn.Tensors;

namespace Rnn.Tests.Golden;

/// <summary>Files written by others: weights as PyTorch users store them, every element type, and files to refuse.</summary>
internal static class SafeTensorsGolden
{
    public static IEnumerable<GoldenRunner> Runners =>
    [
        new("safetensors", RoundTrip, _ => null),
        new("safetensors_bad", Refused, _ => null),
        GoldenRunner.Of("safetensors_mixed", Mixed),
    ];

    private static SafeTensorsFile Read(string file)
    {
        using var stream = File.OpenRead(GoldenFolder.FileOf(file));
        return SafeTensors.Read(stream);
    }

    private static void RoundTrip(GoldenFolder.Entry entry)
    {
        var file = Read(entry.File);
        var stream = new MemoryStream();
        SafeTensors.Write(stream, file.Tensors.Values, file.Metadata);
        stream.Position = 0;
        var again = SafeTensors.Read(stream);

        Assert.NotEmpty(file.Tensors);
        Assert.Equal(file.Metadata, again.Metadata);
        Assert.Equal(SafeTensors.Sha256(file.Tensors.Values), SafeTensors.Sha256(again.Tensors.Values));
    }

    private static void Refused(GoldenFolder.Entry entry)
    {
        var error = Assert.Throws<InvalidDataException>(() => Read(entry.File));
        Assert.StartsWith("safetensors: ", error.Message, StringComparison.Ordinal);
    }

    private static void Mixed(GoldenCase golden)
    {
        var file = Read($"io/{golden.Text("file")}");
        Assert.Equal(golden.Outputs.Keys.Order(), file.Tensors.Keys.Order());
        foreach (var (name, want) in golden.Outputs)
        {
            var got = file.Tensors[name];
            Assert.Equal(want.Shape, got.Shape);
            if (got.DType == "I64") Assert.Equal(want.Integers, got.ToInt64());
            else if (want.IsInteger) Assert.Equal(want.Integers, got.Values.ToArray().Select(v => (long)v));
            else Assert.Equal(want.Floats, got.Values.ToArray());
        }
    }
}
