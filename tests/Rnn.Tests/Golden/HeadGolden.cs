using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Tests.Layers;

namespace Rnn.Tests.Golden;

/// <summary>Embedding, cross-entropy, and whole networks put together from the core's layers.</summary>
internal static class HeadGolden
{
    public static IEnumerable<GoldenRunner> Runners =>
    [
        GoldenRunner.Of("ce_logits", CrossEntropyCase),
        GoldenRunner.Of("elementwise_loss", Elementwise),
        GoldenRunner.Of("embedding", EmbeddingCase),
        GoldenRunner.Of("rnn_model_ce", Network),
    ];

    /// <summary>PyTorch ignores one given id, the core every negative one.</summary>
    private static int[] Targets(GoldenCase golden) => [.. golden.Inputs["target"].Ints.Select(t => t == golden.Int("ignore_index", -100) ? ExampleSet.NoTarget : t)];

    private static float[] ClassWeights(GoldenCase golden) => golden.Inputs.TryGetValue("class_weight", out var weight) ? weight.Floats : [];

    private static void CrossEntropyCase(GoldenCase golden)
    {
        var logits = golden.Inputs["logits"];
        var (classes, targets, weights, smoothing) = (logits.Shape[1], Targets(golden), ClassWeights(golden), (float)golden.Number("label_smoothing", 0));
        var reduction = golden.Has("reduction") ? golden.Text("reduction") : "mean";
        var divisor = reduction == "mean" ? CrossEntropy.WeightSum(targets, weights) : 1;
        var rows = logits.Floats.Chunk(classes).ToArray();
        double RowLoss(int n) => CrossEntropy.ForwardBackward([.. rows[n]], classes, [targets[n]], smoothing, 1, weights);

        var gradient = logits.Floats;
        var total = CrossEntropy.ForwardBackward(gradient, classes, targets, smoothing, (float)(1 / divisor), weights);
        var result = new GoldenResult { Outputs = { ["log_probs"] = [.. rows.SelectMany(r => Enumerable.Range(0, classes).Select(c => -CrossEntropy.Loss(r, c)))] } };
        result.Outputs["loss"] = reduction == "none" ? [.. rows.Select((_, n) => RowLoss(n))] : [total / divisor];
        result.Gradient("logits", gradient);
        result.AssertMatches(golden);
    }

    private static void Elementwise(GoldenCase golden)
    {
        var (predictions, targets) = (golden.Inputs["pred"].Floats, golden.Inputs["target"].Floats);
        var loss = golden.Text("loss") switch
        {
            "mse" => ElementwiseLoss.SquaredError(predictions, targets),
            "smooth_l1" => ElementwiseLoss.SmoothL1(predictions, targets, (float)golden.Number("beta", 1)),
            "bce_with_logits" => ElementwiseLoss.BinaryCrossEntropy(predictions, targets, golden.Inputs.TryGetValue("pos_weight", out var weight) ? weight.Floats : []),
            var other => throw new ArgumentException($"unknown loss {other}", nameof(golden)),
        };
        var result = new GoldenResult { Outputs = { ["loss"] = [loss] } };
        result.Gradient("pred", predictions);
        result.AssertMatches(golden);
    }

    private static void EmbeddingCase(GoldenCase golden)
    {
        var weight = golden.Parameters["weight"];
        var parameters = new ParameterSet();
        var embedding = new Embedding(parameters, "", weight.Shape[0], weight.Shape[1], paddingId: golden.Has("padding_idx") ? golden.Int("padding_idx", 0) : null);
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
            golden.Inputs["h0"].Floats, golden.Inputs.TryGetValue("c0", out var c0) ? c0.Floats : [], Targets(golden), golden.Text("head") == "per_step", ClassWeights(golden));
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
