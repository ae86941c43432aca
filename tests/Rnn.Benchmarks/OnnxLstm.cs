using Microsoft.ML.OnnxRuntime;
using Rnn.Models;

namespace Rnn.Benchmarks;

/// <summary>
/// A one-layer LSTM and a linear head on its last state, with the weights of one of the core's networks, in ONNX Runtime: one thread, all graph optimisations.
/// Inputs <c>x</c> (token ids <c>[T, N]</c> or frames <c>[T, N, F]</c>) and, stepwise, <c>h0</c>, <c>c0</c>; outputs <c>logits</c> <c>[N, C]</c> and, stepwise, <c>hn</c>, <c>cn</c>.
/// </summary>
internal static class OnnxLstm
{
    private const int FloatType = 1;
    private const int Int64Type = 7;

    // ONNX has the gates in the order i, o, f, g; the weights have i, f, g, o.
    private static readonly int[] s_gateOrder = [0, 3, 1, 2];

    public static InferenceSession Session(Network network, bool stepwise)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
        };
        return new InferenceSession(Model(network, stepwise), options);
    }

    private static byte[] Model(Network network, bool stepwise)
    {
        var graph = Graph(network, stepwise).Text(2, "lstm");
        return new OnnxMessage().Integer(1, 8).Text(2, "Rnn.Benchmarks").Message(7, graph).Message(8, new OnnxMessage().Text(1, "").Integer(2, 17)).ToArray();
    }

    private static OnnxMessage Graph(Network network, bool stepwise)
    {
        var weights = network.Parameters.Parameters.ToDictionary(p => p.Name);
        var (recurrent, head) = (weights["rnn.weight_hh_l0"], weights["fc.weight"]);
        var (hidden, inputs) = (recurrent.Shape[1], weights["rnn.weight_ih_l0"].Shape[1]);
        var graph = new OnnxMessage();
        var readsTokens = weights.TryGetValue("embedding.weight", out var embedding);
        if (readsTokens) graph.Message(1, OnnxMessage.Node("Gather", ["E", "x"], ["e"])).Message(5, OnnxMessage.Tensor("E", embedding!.Values.Span, embedding.Shape[0], embedding.Shape[1]));
        string[] from = [readsTokens ? "e" : "x", "W", "R", "B", .. stepwise ? (string[])["", "h0", "c0"] : []];
        graph.Message(1, OnnxMessage.Node("LSTM", from, stepwise ? ["", "hn", "cn"] : ["", "hn"], "hidden_size", hidden));
        graph.Message(1, OnnxMessage.Node("Flatten", ["hn"], ["last"], "axis", 2));
        graph.Message(1, OnnxMessage.Node("Gemm", ["last", "V", "d"], ["logits"], "transB", 1));
        graph.Message(5, OnnxMessage.Tensor("W", Reordered(weights["rnn.weight_ih_l0"].Values.Span), 1, 4 * hidden, inputs));
        graph.Message(5, OnnxMessage.Tensor("R", Reordered(recurrent.Values.Span), 1, 4 * hidden, hidden));
        graph.Message(5, OnnxMessage.Tensor("B", [.. Reordered(weights["rnn.bias_ih_l0"].Values.Span), .. Reordered(weights["rnn.bias_hh_l0"].Values.Span)], 1, 8 * hidden));
        graph.Message(5, OnnxMessage.Tensor("V", head.Values.Span, head.Shape[0], hidden)).Message(5, OnnxMessage.Tensor("d", weights["fc.bias"].Values.Span, head.Shape[0]));
        graph.Message(11, readsTokens ? OnnxMessage.Value("x", Int64Type, "T", "N") : OnnxMessage.Value("x", FloatType, "T", "N", inputs));
        graph.Message(12, OnnxMessage.Value("logits", FloatType, "N", head.Shape[0]));
        if (!stepwise) return graph;
        foreach (var name in (string[])["h0", "c0"]) graph.Message(11, OnnxMessage.Value(name, FloatType, 1, "N", hidden));
        foreach (var name in (string[])["hn", "cn"]) graph.Message(12, OnnxMessage.Value(name, FloatType, 1, "N", hidden));
        return graph;
    }

    private static float[] Reordered(ReadOnlySpan<float> gates)
    {
        var (size, moved) = (gates.Length / 4, new float[gates.Length]);
        for (var i = 0; i < 4; i++) gates.Slice(s_gateOrder[i] * size, size).CopyTo(moved.AsSpan(i * size));
        return moved;
    }
}
