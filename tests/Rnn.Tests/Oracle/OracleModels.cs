using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Layers;

namespace Rnn.Tests.Oracle;

/// <summary>The networks of Rnn.Models once more on the tape: logits of every target in the product's order (step by step, longest rows first).</summary>
internal static class OracleModels
{
    public static OracleTensor Classifier(SequenceClassifierConfig config, IReadOnlyDictionary<string, OracleTensor> p, Sequence[] inputs)
    {
        var scan = Encode(config.Encoder, p, inputs);
        var pooled = OracleHeads.Pool(config.Pooling.ToString().ToLowerInvariant(), scan.Y, [.. inputs.Select(i => i.Steps)], config.Encoder.Bidirectional ? 2 : 1);
        return OracleHeads.Linear(pooled, p["fc.weight"], p["fc.bias"]);
    }

    /// <summary>Labeler and language model.</summary>
    public static OracleTensor PerStep(EncoderConfig config, IReadOnlyDictionary<string, OracleTensor> p, Sequence[] inputs) =>
        Head(p, Packed(Encode(config, p, inputs).Y, [.. inputs.Select(i => i.Steps)]));

    public static OracleTensor Vector(VectorClassifierConfig config, IReadOnlyDictionary<string, OracleTensor> p, Sequence[] inputs)
    {
        var x = OracleTensor.Of(p["fc.bias"].Elements[0].Tape, [inputs.Length, config.FeatureSize], inputs.SelectMany(i => i.Frames.ToArray()));
        for (var layer = 0; layer < config.Layers; layer++)
        {
            var y = OracleHeads.Linear(x, p[$"hidden.{layer}.weight"], p[$"hidden.{layer}.bias"]);
            x = new OracleTensor(y.Shape, [.. y.Elements.Select(v => config.Relu ? v.Relu() : v.Tanh())]);
        }

        return OracleHeads.Linear(x, p["fc.weight"], p["fc.bias"]);
    }

    public static OracleTensor Captioner(CaptionerConfig config, IReadOnlyDictionary<string, OracleTensor> p, Sequence[] inputs, ReadOnlyMemory<int>[] targets)
    {
        var (tape, rows, feeds) = (p["fc.bias"].Elements[0].Tape, inputs.Length, config.Feedback == Feedback.Outputs);
        var features = OracleTensor.Of(tape, [rows, config.FeatureSize], inputs.SelectMany(i => i.Frames.ToArray()));
        var first = OracleHeads.Linear(features, p["in.weight"], p["in.bias"]);
        var zero = Enumerable.Repeat(tape.Leaf(0), config.EmbeddingSize).ToArray();
        Var[] Step(int t, int n)
        {
            if (!feeds) return t == 0 ? first.Row(n).ToArray() : zero;
            var token = t == 0 ? config.Begin : t <= targets[n].Length ? targets[n].Span[t - 1] : 0;
            var embedded = p["embedding.weight"].Row(token).ToArray();
            return [.. first.Row(n).ToArray().Zip(embedded, (a, b) => a + b)];
        }

        int[] lengths = [.. targets.Select(t => t.Length)];
        var x = OracleTensor.Stack([.. Enumerable.Range(0, lengths[0]).Select(t => Enumerable.Range(0, rows).Select(n => Step(t, n)).ToArray())]);
        var h0 = OracleTensor.Zeros(tape, config.Layers, rows, config.HiddenSize);
        if (feeds)
        {
            var initial = OracleHeads.Linear(features, p["initial.weight"], p["initial.bias"]);
            h0 = OracleTensor.Stack([.. Enumerable.Range(0, config.Layers).Select(l => Enumerable.Range(0, rows)
                .Select(n => initial.Row(n).ToArray()[(l * config.HiddenSize)..((l + 1) * config.HiddenSize)].Select(v => v.Tanh()).ToArray()).ToArray())]);
        }

        var scan = OracleCells.Sequence(StackRig.Name(config.Cell), p, "rnn.", x, h0, Cell(config.Cell, tape, h0.Shape), config.Layers, false, lengths);
        return Head(p, Packed(scan.Y, lengths));
    }

    private static OracleTensor? Cell(CellKind kind, Tape tape, int[] shape) => kind == CellKind.Lstm ? OracleTensor.Zeros(tape, shape) : null;

    private static OracleCells.Scan Encode(EncoderConfig config, IReadOnlyDictionary<string, OracleTensor> p, Sequence[] inputs) =>
        Encode(config, p, inputs, "embedding.", "rnn.", p["fc.bias"].Elements[0].Tape);

    public static OracleCells.Scan Encode(EncoderConfig config, IReadOnlyDictionary<string, OracleTensor> p, Sequence[] inputs, string embedding, string recurrent, Tape tape)
    {
        var (steps, directions) = (inputs.Max(i => i.Steps), config.Bidirectional ? 2 : 1);
        var x = config.VocabularySize > 0
            ? OracleHeads.Embedding(p[$"{embedding}weight"], [.. Enumerable.Range(0, steps).Select(t => inputs.Select(i => t < i.Steps ? i.Ids.Slice(t * i.Width, i.Width).ToArray() : []).ToArray())])
            : OracleTensor.Of(tape, [steps, inputs.Length, config.FeatureSize], Enumerable.Range(0, steps).SelectMany(t => inputs.SelectMany(i => t < i.Steps ? i.Frames.Slice(t * i.Width, i.Width).ToArray() : new float[i.Width])));
        var h0 = OracleTensor.Zeros(tape, config.Layers * directions, inputs.Length, config.HiddenSize);
        return OracleCells.Sequence(StackRig.Name(config.Cell), p, recurrent, x, h0, Cell(config.Cell, tape, h0.Shape), config.Layers, config.Bidirectional, [.. inputs.Select(i => i.Steps)]);
    }

    /// <summary>The valid steps of y [T, N, F], as the product packs them.</summary>
    private static OracleTensor Packed(OracleTensor y, int[] lengths) => OracleTensor.Matrix(
        [.. Enumerable.Range(0, lengths[0]).SelectMany(t => Enumerable.Range(0, lengths.Length).Where(n => lengths[n] > t).Select(n => y.Row((t * lengths.Length) + n).ToArray()))]);

    /// <summary>The output layer: its own weight, or the embedding's after a projection where the widths differ.</summary>
    private static OracleTensor Head(IReadOnlyDictionary<string, OracleTensor> p, OracleTensor features)
    {
        if (p.TryGetValue("fc.projection.weight", out var projection)) features = OracleHeads.Linear(features, projection, p["fc.projection.bias"]);
        return OracleHeads.Linear(features, p.GetValueOrDefault("fc.weight") ?? p["embedding.weight"], p["fc.bias"]);
    }
}
