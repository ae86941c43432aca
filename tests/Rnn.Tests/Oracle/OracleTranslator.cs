using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Layers;

namespace Rnn.Tests.Oracle;

/// <summary>The translator once more on the tape, row by row and step by step.</summary>
internal sealed class OracleTranslator(TranslatorConfig config, IReadOnlyDictionary<string, OracleTensor> p)
{
    private readonly Tape _tape = p["out.bias"].Elements[0].Tape;
    private readonly string _cell = StackRig.Name(config.Decoder.Cell);

    /// <summary>Logits of every target in the product's order: step by step, longest rows first.</summary>
    public OracleTensor Logits(Sequence[] sources, ReadOnlyMemory<int>[] targets)
    {
        var scan = OracleModels.Encode(config.Encoder, p, sources, "src_embedding.", "encoder.", _tape);
        var rows = sources.Select((source, n) => Decode(n, source.Steps, scan, targets[n].ToArray())).ToArray();
        return OracleTensor.Matrix([.. Enumerable.Range(0, targets[0].Length).SelectMany(t => rows.Where(row => row.Length > t).Select(row => row[t]))]);
    }

    private Var[][] Decode(int n, int length, OracleCells.Scan scan, int[] target)
    {
        var count = scan.Y.Shape[1];
        var memory = Enumerable.Range(0, length).Select(s => scan.Y.Row((s * count) + n).ToArray()).ToArray();
        var h = Start(n, scan.HN, "bridge.", v => v.Tanh())!;
        var c = config.Decoder.Cell == CellKind.Lstm ? Start(n, scan.CN, "bridge_cell.", v => v) ?? [.. h.Select(l => l.Select(_ => _tape.Leaf(0)).ToArray())] : null;
        Var[] fed = [.. Enumerable.Repeat(_tape.Leaf(0), config.Decoder.HiddenSize)];
        var logits = new Var[target.Length][];
        for (var t = 0; t < target.Length; t++)
        {
            var e = p["tgt_embedding.weight"].Row(t == 0 ? config.Begin : target[t - 1]).ToArray();
            Var[] context = config.Decoder.Attention == AttentionKind.Additive ? Attend(memory, h[0]) : [];
            Var[] x = [.. e, .. context, .. config.Decoder.InputFeeding ? fed : []];
            for (var layer = 0; layer < h.Length; layer++)
            {
                var step = OracleCells.Advance(_cell, OracleCells.Weights.Named(p, "decoder.", $"_l{layer}"), x, h[layer], c?[layer]);
                x = h[layer] = step.H;
                if (c is not null) c[layer] = step.C!;
            }

            Var[] features = [.. h[^1], .. context, .. context.Length > 0 ? e : []];
            if (config.Decoder.Attention is AttentionKind.Dot or AttentionKind.General)
                features = fed = [.. p["combine.weight"].Apply([.. Attend(memory, h[^1]), .. h[^1]], p["combine.bias"]).Select(v => v.Tanh())];
            if (p.TryGetValue("out.projection.weight", out var projection)) features = projection.Apply(features, p["out.projection.bias"]);
            logits[t] = (p.GetValueOrDefault("out.weight") ?? p["tgt_embedding.weight"]).Apply(features, p["out.bias"]);
        }

        return logits;
    }

    /// <summary>One part of the initial state by layer; null where the encoder has no such part.</summary>
    private Var[][]? Start(int n, OracleTensor? final, string bridge, Func<Var, Var> activation)
    {
        if (final is null) return null;
        var states = Enumerable.Range(0, final.Shape[0]).Select(i => final.Slice(i)[n]).ToArray();
        if (!p.TryGetValue($"{bridge}weight", out var weight)) return states;
        var top = states.TakeLast(config.Encoder.Bidirectional ? 2 : 1).SelectMany(s => s).ToArray();
        return [.. weight.Apply(top, p[$"{bridge}bias"]).Select(activation).Chunk(config.Decoder.HiddenSize)];
    }

    private Var[] Attend(Var[][] memory, Var[] h)
    {
        Var Sum(IEnumerable<Var> terms) => terms.Aggregate((a, b) => a + b);
        Var Score(Var[] m) => config.Decoder.Attention switch
        {
            AttentionKind.Additive => Sum(p["attn_query.weight"].Apply(h, null).Zip(p["attn_key.weight"].Apply(m, p["attn_key.bias"]), (q, k) => (q + k).Tanh()).Zip(p["attn_v.weight"].Elements, (u, v) => v * u)),
            AttentionKind.General => Sum(p["attn_w.weight"].Apply(m, null).Zip(h, (k, q) => k * q)),
            _ => Sum(m.Zip(h, (k, q) => k * q)),
        };
        var weights = OracleHeads.LogSoftmax(OracleTensor.Matrix([[.. memory.Select(Score)]])).Elements.Select(v => v.Exp()).ToArray();
        return [.. Enumerable.Range(0, memory[0].Length).Select(j => Sum(memory.Select((m, s) => weights[s] * m[j])))];
    }
}
