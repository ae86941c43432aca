using Rnn.Cells;
using Rnn.Tensors;
using Rnn.Tests.Layers;
using Rnn.Training;

namespace Rnn.Tests.Golden;

/// <summary>Gradients through time: how they flow, and where truncation cuts them.</summary>
internal static class ThroughTimeGolden
{
    public static IEnumerable<GoldenRunner> Runners => [GoldenRunner.Of("gradflow", GradientFlow), GoldenRunner.Of("tbptt", Truncated)];

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(v => (double)v * v));

    private static void GradientFlow(GoldenCase golden)
    {
        var (x, target, recurrent) = (golden.Inputs["x"], golden.Inputs["target"].Floats, golden.Parameters["weight_hh"]);
        var (steps, rows, hidden, lstm) = (x.Shape[0], x.Shape[1], recurrent.Shape[1], golden.Text("cell") == "lstm");
        var rig = new StackRig(StackRig.Kind(golden.Text("cell")), x.Shape[2], hidden);
        foreach (var (name, values) in golden.Parameters) rig.Set($"{name}_l0", values.Floats);
        rig.Stack.Pack(training: true);
        var zeros = new float[rows * hidden];
        var input = new StackRig.Input(steps, rows, [.. Enumerable.Repeat(steps, rows)], x.Floats, zeros, lstm ? zeros : []);
        float[] error = [.. rig.Run(input).HN.Zip(target, (h, t) => h - t)];
        var layout = new SequenceLayout();
        layout.Assign(input.Lengths);
        var norms = new StateGradientNorms(layout);
        var got = rig.Run(input, new(new float[steps * rows * hidden], error, lstm ? zeros : []), norms: [norms]);

        var result = new GoldenResult { Outputs = { ["loss"] = [0.5 * error.Sum(e => (double)e * e)] } };
        result.Output("h_T", got.HN);
        result.Gradient("x", got.DX);
        foreach (var (name, values) in got.Gradients) result.Gradient(name.Replace("_l0", "", StringComparison.Ordinal), values);
        string[] own = ["dL_dh_norm", "dL_dh0_norm", "dL_dc_norm", "dL_dc0_norm", "spectral_radius"];
        result.AssertMatches(golden, except: own);

        Close("dL_dh_norm", norms.H, "norms");
        Close("dL_dh0_norm", [Norm(got.DH0)], "norms");
        if (lstm) Close("dL_dc_norm", norms.C, "norms");
        if (lstm) Close("dL_dc0_norm", [Norm(got.DC0)], "norms");
        Close("spectral_radius", [.. recurrent.Floats.Chunk(hidden * hidden).Select(gate => SpectralRadius.Of(gate, hidden))], "spectral_radius");

        void Close(string name, IReadOnlyList<double> values, string tolerance) =>
            GoldenResult.AssertClose($"{golden.Name} {name}", golden.Outputs[name].Values, values, golden.Tolerance(tolerance).Relative, golden.Tolerance(tolerance).Absolute);
    }

    private static void Truncated(GoldenCase golden)
    {
        var rig = NetworkRig.Of(golden);
        var result = new GoldenResult();
        var (steps, chunk) = (golden.Int("T", 0), golden.Int("chunk", 0));
        Run("full", 0, steps, golden.Inputs["h0"].Floats, golden.Inputs.TryGetValue("c0", out var c0) ? c0.Floats : []);
        var (h, c) = (golden.Inputs["h0"].Floats, c0?.Floats ?? []);
        for (var start = 0; start < steps; start += chunk) (h, c) = Run($"chunk{start / chunk}", start, chunk, h, c);
        foreach (var parameter in rig.Parameters.Parameters) result.Output($"final/{parameter.Name}", parameter.Values.ToArray());
        result.AssertMatches(golden);

        (float[] H, float[] C) Run(string name, int start, int length, float[] h0, float[] c0)
        {
            T[] Slice<T>(T[] all) => all[(start * all.Length / steps)..((start + length) * all.Length / steps)];
            var rows = golden.Inputs["target"].Shape[1];
            var gradients = new float[rig.Parameters.Length];
            var batch = new PaddedBatch(length, [.. Enumerable.Repeat(length, rows)]);
            var got = rig.Run(new(batch, null, Slice(golden.Inputs["x"].Floats), h0, c0, Slice(golden.Inputs["target"].Ints), PerStep: true, []), 0, gradients);
            result.Outputs[$"{name}/loss"] = [got.Loss];
            result.Output($"{name}/logits", got.Logits);
            result.Output($"{name}/h_n", got.HN);
            result.Output($"{name}/c_n", got.CN);
            result.Gradient($"{name}/x", got.DX);
            result.Gradient($"{name}/h0", got.DH0);
            result.Gradient($"{name}/c0", got.DC0);
            foreach (var parameter in rig.Parameters.Parameters) result.Gradient($"{name}/{parameter.Name}", parameter.In(gradients).ToArray());
            if (golden.Has("update_lr") && name != "full")
            {
                var descent = new Optimizer(new OptimizerConfig { Kind = OptimizerKind.Sgd }, rig.Parameters);
                descent.Update(0, gradients.Length, gradients, descent.Numbers(1, golden.Number("update_lr", 0)));
            }

            return (got.HN, got.CN);
        }
    }
}
