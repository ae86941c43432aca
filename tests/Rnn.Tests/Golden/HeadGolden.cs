using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Tests.Layers;

namespace Rnn.Tests.Golden;

/// <summary>Embedding, cross-entropy, and whole networks put together from the core's layers.</summary>
internal static class HeadGolden
{
    public static IEnumerable<GoldenRunner> Runners =>
    [
        GoldenRunner.Of("ce_logits", CrossEntropyCase, golden =>
            golden.Has("ignore_index") ? "targets that do not count" : golden.Inputs.ContainsKey("class_weight") ? "class weights" : null),
        GoldenRunner.Of("embedding", EmbeddingCase, golden => golden.Has("padding_idx") ? "an embedding row that is not trained" : null),
        GoldenRunner.Of("rnn_model_ce", Network, MissingOfNetwork),
    ];

    private static string? MissingOfNetwork(GoldenCase golden)
    {
        if (golden.Has("ignore_index")) return "targets that do not count";
        if (golden.Inputs.ContainsKey("class_weight")) return "class weights";
        if (!golden.Has("padding_idx")) return null;
        var ids = golden.Inputs["ids"];
        var valid = ids.Ints.Where((_, i) => i / ids.Shape[1] < (golden.Lengths?[i % ids.Shape[1]] ?? ids.Shape[0]));
        return valid.Contains(golden.Int("padding_idx", -1)) ? "an embedding row that is not trained" : null;
    }

    private static void CrossEntropyCase(GoldenCase golden)
    {
        var logits = golden.Inputs["logits"];
        var (classes, target) = (logits.Shape[1], golden.Inputs["target"].Ints);
        var rows = logits.Floats.Chunk(classes).ToArray();
        var reduction = golden.Has("reduction") ? golden.Text("reduction") : "mean";
        var scale = reduction == "mean" ? 1f / rows.Length : 1;
        var result = new GoldenResult { Outputs = { ["log_probs"] = [.. rows.SelectMany(r => Enumerable.Range(0, classes).Select(c => -CrossEntropy.Loss(r, c)))] } };

        var gradient = logits.Floats;
        var total = CrossEntropy.ForwardBackward(gradient, classes, target, (float)golden.Number("label_smoothing", 0), scale);
        result.Outputs["loss"] = reduction == "none" ? [.. rows.Select((r, n) => CrossEntropy.Loss(r, target[n]))] : [total * scale];
        result.Gradient("logits", gradient);
        result.AssertMatches(golden);
    }

    private static void EmbeddingCase(GoldenCase golden)
    {
        var weight = golden.Parameters["weight"];
        var parameters = new ParameterSet();
        var embedding = new Embedding(parameters, "", weight.Shape[0], weight.Shape[1]);
        parameters.Allocate();
        weight.Floats.CopyTo(parameters.Parameters[0].Values);
        var ids = golden.Inputs["ids"].Ints;
        var (y, upstream, gradients) = (new float[ids.Length * embedding.Size], golden.Inputs["g_y"].Floats, new float[parameters.Length]);
        embedding.Forward(ids, 1, y);
        embedding.Backward(ids, 1, upstream, gradients);

        var result = new GoldenResult();
        result.Output("y", y);
        result.Outputs["loss"] = [y.Zip(upstream, (a, b) => (double)a * b).Sum()];
        result.Gradient("weight", parameters.Parameters[0].In(gradients).ToArray());
        result.AssertMatches(golden);
    }

    private static void Network(GoldenCase golden)
    {
        var input = golden.Inputs.GetValueOrDefault("ids") ?? golden.Inputs["x"];
        var rig = NetworkRig.Of(golden);
        var lengths = golden.Lengths ?? [.. Enumerable.Repeat(input.Shape[0], input.Shape[1])];
        var batch = new PaddedBatch(input.Shape[0], lengths);
        var pass = new NetworkRig.Pass(batch, input.IsInteger ? input.Ints : null, input.IsInteger ? null : input.Floats,
            golden.Inputs["h0"].Floats, golden.Inputs.TryGetValue("c0", out var c0) ? c0.Floats : [], golden.Inputs["target"].Ints, golden.Text("head") == "per_step");
        var gradients = new float[rig.Parameters.Length];
        var got = rig.Run(pass, (float)golden.Number("label_smoothing", 0), gradients);

        var result = new GoldenResult { Outputs = { ["loss"] = [got.Loss] } };
        result.Output("h_n", got.HN);
        result.Output("logits", got.Logits);
        result.Gradient("x", got.DX);
        result.Gradient("h0", got.DH0);
        result.Gradient("c0", got.DC0);
        foreach (var parameter in rig.Parameters.Parameters) result.Gradient(parameter.Name, parameter.In(gradients).ToArray());
        result.AssertMatches(golden);
    }
}
