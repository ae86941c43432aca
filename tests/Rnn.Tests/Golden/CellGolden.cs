using Rnn.Tensors;
using Rnn.Tests.Layers;

namespace Rnn.Tests.Golden;

/// <summary>The recurrent layers: single steps, whole sequences, and sequences with weights from a file.</summary>
internal static class CellGolden
{
    public static IEnumerable<GoldenRunner> Runners =>
    [
        GoldenRunner.Of("rnn_step", Step),
        GoldenRunner.Of("rnn_sequence", golden => Sequence(golden, golden.Parameters.ToDictionary(p => p.Key, p => p.Value.Floats))),
        GoldenRunner.Of("safetensors_rnn", golden => Sequence(golden, FromFile(golden))),
    ];

    private static Dictionary<string, float[]> FromFile(GoldenCase golden)
    {
        using var stream = File.OpenRead(GoldenFolder.FileOf($"io/{golden.Text("file")}"));
        var prefix = golden.Text("prefix");
        return SafeTensors.Read(stream).Tensors.Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(t => t.Key[prefix.Length..], t => t.Value.Values.ToArray());
    }

    private static float[] Floats(GoldenCase golden, string input) => golden.Inputs.TryGetValue(input, out var tensor) ? tensor.Floats : [];

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();

    private static void Sequence(GoldenCase golden, Dictionary<string, float[]> parameters)
    {
        var x = golden.Inputs["x"];
        var h0 = golden.Inputs["h0"];
        var rig = new StackRig(StackRig.Kind(golden.Text("cell")), x.Shape[2], h0.Shape[2], golden.Int("layers", 1), golden.Flag("bidirectional"), parameters.ContainsKey("bias_ih_l0"));
        foreach (var (name, values) in parameters) rig.Set(name, values);
        rig.Stack.Pack(training: true);
        var upstream = new StackRig.Upstream(Floats(golden, "g_y"), Floats(golden, "g_hn"), Floats(golden, "g_cn"));
        var got = rig.Run(new(x.Shape[0], x.Shape[1], golden.Lengths ?? [.. Enumerable.Repeat(x.Shape[0], x.Shape[1])], x.Floats, h0.Floats, Floats(golden, "c0")), upstream);

        var result = new GoldenResult();
        result.Output("y", got.Y);
        result.Output("h_n", got.HN);
        result.Output("c_n", got.CN);
        result.Outputs["loss"] = [Dot(got.Y, upstream.Y) + Dot(got.HN, upstream.HN) + Dot(got.CN, upstream.CN)];
        result.Gradient("x", got.DX);
        result.Gradient("h0", got.DH0);
        result.Gradient("c0", got.DC0);
        foreach (var (name, values) in got.Gradients) result.Gradient(name, values);
        result.AssertMatches(golden);
    }

    private static void Step(GoldenCase golden)
    {
        var (x, h0) = (golden.Inputs["x"], golden.Inputs["h0"]);
        var (rows, hidden) = (x.Shape[0], h0.Shape[1]);
        var rig = new StackRig(StackRig.Kind(golden.Text("cell")), x.Shape[1], hidden);
        foreach (var (name, values) in golden.Parameters) rig.Set($"{name}_l0", values.Floats);
        rig.Stack.Pack(training: true);
        var upstream = new StackRig.Upstream(new float[rows * hidden], Floats(golden, "g_h"), Floats(golden, "g_c"));
        var got = rig.Run(new(1, rows, [.. Enumerable.Repeat(1, rows)], x.Floats, h0.Floats, Floats(golden, "c0")), upstream);

        var result = new GoldenResult();
        result.Output("h1", got.HN);
        result.Output("c1", got.CN);
        result.Outputs["loss"] = [Dot(got.HN, upstream.HN) + Dot(got.CN, upstream.CN)];
        var gates = golden.Text("cell") switch { "lstm" => "ifgo", "gru" => "rzn", _ => "" };
        for (var gate = 0; gate < gates.Length; gate++)
            result.Output($"gate_{gates[gate]}", Enumerable.Range(0, rows).SelectMany(n => got.Gates.Skip((n * gates.Length + gate) * hidden).Take(hidden)));
        result.Gradient("x", got.DX);
        result.Gradient("h0", got.DH0);
        result.Gradient("c0", got.DC0);
        foreach (var (name, values) in got.Gradients) result.Gradient(name.Replace("_l0", "", StringComparison.Ordinal), values);
        result.AssertMatches(golden);
    }
}
