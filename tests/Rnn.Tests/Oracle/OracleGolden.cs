using Rnn.Tests.Golden;

namespace Rnn.Tests.Oracle;

/// <summary>The oracle's own computation of golden cases: outputs by its formulas, gradients by its tape.</summary>
internal static class OracleGolden
{
    public static GoldenResult Run(string kind, GoldenCase golden) => kind switch
    {
        "rnn_step" => Step(golden),
        "rnn_sequence" => Sequence(golden),
        "rnn_model_ce" => Model(golden),
        "ce_logits" => CrossEntropy(golden),
        "embedding" => Embedding(golden),
        _ => throw new ArgumentException($"the oracle has no {kind}", nameof(kind)),
    };

    private static Dictionary<string, OracleTensor> Leaves(Tape tape, IReadOnlyDictionary<string, GoldenTensor> tensors) =>
        tensors.Where(t => !t.Value.IsInteger).ToDictionary(t => t.Key, t => OracleTensor.Of(tape, t.Value.Shape, t.Value.Values));

    private static GoldenResult Finish(GoldenCase golden, Var loss, IReadOnlyDictionary<string, OracleTensor> inputs,
        IReadOnlyDictionary<string, OracleTensor> parameters, params (string Name, OracleTensor? Value)[] outputs)
    {
        loss.Tape.Backward(loss);
        var result = new GoldenResult { Outputs = { ["loss"] = [loss.Value] } };
        foreach (var (name, value) in outputs)
            if (value is not null) result.Outputs[name] = value.Values;
        foreach (var name in golden.Gradients.Keys)
            result.Gradients[name] = (parameters.GetValueOrDefault(name) ?? inputs[name]).Gradients;
        return result;
    }

    private static GoldenResult Step(GoldenCase golden)
    {
        var tape = new Tape();
        var (inputs, parameters) = (Leaves(tape, golden.Inputs), Leaves(tape, golden.Parameters));
        var weights = OracleCells.Weights.Named(parameters, "", "");
        var steps = Enumerable.Range(0, inputs["x"].Shape[0]).Select(n => OracleCells.Advance(golden.Text("cell"), weights,
            inputs["x"].Row(n).ToArray(), inputs["h0"].Row(n).ToArray(), inputs.TryGetValue("c0", out var c0) ? c0.Row(n).ToArray() : null)).ToArray();
        var h = OracleTensor.Matrix([.. steps.Select(s => s.H)]);
        var c = steps[0].C is null ? null : OracleTensor.Matrix([.. steps.Select(s => s.C!)]);
        var loss = h.Dot(inputs["g_h"].Values);
        if (c is not null) loss += c.Dot(inputs["g_c"].Values);
        var gates = steps[0].Gates.Keys.Select(g => ($"gate_{g}", (OracleTensor?)OracleTensor.Matrix([.. steps.Select(s => s.Gates[g])])));
        return Finish(golden, loss, inputs, parameters, [("h1", h), ("c1", c), .. gates]);
    }

    private static OracleCells.Scan Scan(GoldenCase golden, IReadOnlyDictionary<string, OracleTensor> inputs, IReadOnlyDictionary<string, OracleTensor> parameters, string prefix, OracleTensor x) =>
        OracleCells.Sequence(golden.Text("cell"), parameters, prefix, x, inputs["h0"], inputs.GetValueOrDefault("c0"), golden.Int("layers", 1), golden.Flag("bidirectional"), golden.Lengths);

    private static GoldenResult Sequence(GoldenCase golden)
    {
        var tape = new Tape();
        var (inputs, parameters) = (Leaves(tape, golden.Inputs), Leaves(tape, golden.Parameters));
        var scan = Scan(golden, inputs, parameters, "", inputs["x"]);
        var loss = scan.Y.Dot(inputs["g_y"].Values) + scan.HN.Dot(inputs["g_hn"].Values);
        if (scan.CN is not null) loss += scan.CN.Dot(inputs["g_cn"].Values);
        return Finish(golden, loss, inputs, parameters, ("y", scan.Y), ("h_n", scan.HN), ("c_n", scan.CN));
    }

    private static GoldenResult Model(GoldenCase golden)
    {
        var tape = new Tape();
        var (inputs, parameters) = (Leaves(tape, golden.Inputs), Leaves(tape, golden.Parameters));
        var x = golden.Inputs.TryGetValue("ids", out var ids)
            ? OracleHeads.Embedding(parameters["embedding.weight"], Steps(ids), golden.Int("padding_idx", -1))
            : inputs["x"];
        var scan = Scan(golden, inputs, parameters, "rnn.", x);
        var lengths = golden.Lengths ?? [.. Enumerable.Repeat(x.Shape[0], x.Shape[1])];
        var features = golden.Text("head") == "last" ? OracleHeads.Pool("last", scan.Y, lengths, golden.Flag("bidirectional") ? 2 : 1) : scan.Y;
        var logits = OracleHeads.Linear(features, parameters["fc.weight"], parameters["fc.bias"]);
        var (_, _, loss) = OracleHeads.CrossEntropy(logits, golden.Inputs["target"].Integers, golden.Number("label_smoothing", 0),
            golden.Inputs.GetValueOrDefault("class_weight")?.Values, golden.Int("ignore_index", -100));
        return Finish(golden, loss, inputs, parameters, ("logits", logits), ("h_n", scan.HN));
    }

    private static GoldenResult CrossEntropy(GoldenCase golden)
    {
        var tape = new Tape();
        var inputs = Leaves(tape, golden.Inputs);
        var (logP, rows, mean) = OracleHeads.CrossEntropy(inputs["logits"], golden.Inputs["target"].Integers, golden.Number("label_smoothing", 0),
            golden.Inputs.GetValueOrDefault("class_weight")?.Values, golden.Int("ignore_index", -100));
        var reduction = golden.Has("reduction") ? golden.Text("reduction") : "mean";
        var result = Finish(golden, reduction == "mean" ? mean : rows.Aggregate((a, b) => a + b), inputs, inputs, ("log_probs", logP));
        if (reduction == "none") result.Outputs["loss"] = [.. rows.Select(r => r.Value)];
        return result;
    }

    private static GoldenResult Embedding(GoldenCase golden)
    {
        var tape = new Tape();
        var (inputs, parameters) = (Leaves(tape, golden.Inputs), Leaves(tape, golden.Parameters));
        var y = OracleHeads.Embedding(parameters["weight"], Steps(golden.Inputs["ids"]), golden.Int("padding_idx", -1));
        return Finish(golden, y.Dot(inputs["g_y"].Values), inputs, parameters, ("y", y));
    }

    private static int[][][] Steps(GoldenTensor ids) =>
        [.. ids.Ints.Chunk(ids.Shape[1]).Select(step => step.Select(id => new[] { id }).ToArray())];
}
