using Rnn.Tensors;

namespace Rnn.Tests.Tensors;

public sealed class ParameterSetTests
{
    private static ParameterSet Some()
    {
        var set = new ParameterSet();
        set.Add("table", [5, 3], sparse: true);
        set.Add("weight", [2, 17]);
        set.Add("bias", [7]);
        set.Allocate();
        return set;
    }

    [Fact]
    public void Parameters_lie_apart_each_on_a_cache_line_the_dense_ones_first()
    {
        var set = Some();
        foreach (var (parameter, i) in set.Parameters.Select((p, i) => (p, i))) parameter.Values.Span.Fill(i + 1);
        Assert.Equal([15, 34, 7], set.Parameters.Select(p => p.Length));
        Assert.Equal(56, set.Count);
        Assert.Equal(56, set.Values.ToArray().Count(v => v != 0));
        Assert.All(set.Parameters, p => Assert.Equal(0, p.Offset % 16));
        Assert.DoesNotContain(1f, set.Values[..set.DenseLength].ToArray());
        Assert.Equal(15, set.Values[set.DenseLength..].ToArray().Count(v => v == 1));
        Assert.Equal(set.Length, set.Values.Length);
    }

    [Fact]
    public void Names_are_unique_and_declared_before_the_memory()
    {
        var set = new ParameterSet();
        set.Add("a", [1]);
        Assert.Throws<ArgumentException>(() => set.Add("a", [2]));
        set.Allocate();
        Assert.Throws<InvalidOperationException>(() => set.Add("b", [1]));
    }

    [Fact]
    public void Tensors_go_out_and_come_back_under_a_prefix()
    {
        var (from, to) = (Some(), Some());
        foreach (var parameter in from.Parameters) Kernels.Widths.Random(parameter.Length, parameter.Length).CopyTo(parameter.Values);
        var stream = new MemoryStream();
        SafeTensors.Write(stream, from.AsTensors(from.Values, "best/"));
        stream.Position = 0;
        var file = SafeTensors.Read(stream);
        to.CopyFrom(file, to.Values, "best/");
        Kernels.Widths.AssertSameBits(from.Values.Span, to.Values.Span, "values");
        Assert.Contains("weights/table", Assert.Throws<InvalidDataException>(() => to.CopyFrom(file, to.Values, "weights/")).Message, StringComparison.Ordinal);
    }
}
