using System.Text.Json;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Decoding;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Layers;
using Rnn.Tests.Models;

namespace Rnn.Tests.Golden;

/// <summary>Encoder and decoder: teacher forcing with every gradient, greedy and beam decoding; and what sampling makes of logits.</summary>
internal static class SequenceToSequenceGolden
{
    public static IEnumerable<GoldenRunner> Runners => [GoldenRunner.Of("seq2seq", TeacherForcing), GoldenRunner.Of("seq2seq_decode", Decode), GoldenRunner.Of("sampling", Sampling)];

    /// <summary>PyTorch's decoder is a bare cell; the product's may have layers.</summary>
    private static string NameOf(string product) => product.StartsWith("decoder.", StringComparison.Ordinal) ? product.Replace("_l0", "", StringComparison.Ordinal) : product;

    private static Translator Network(GoldenCase golden)
    {
        var additive = golden.Text("attention") == "bahdanau";
        var (cell, hidden, size) = (additive ? CellKind.Gru : CellKind.Lstm, golden.Int("H", 0), golden.Int("E", 0));
        var network = new Translator(new TranslatorConfig
        {
            Encoder = new EncoderConfig { VocabularySize = golden.Int("V_src", 0), EmbeddingSize = size, Cell = cell, HiddenSize = hidden, Bidirectional = additive },
            Decoder = new DecoderConfig
            {
                VocabularySize = golden.Int("V_tgt", 0),
                EmbeddingSize = size,
                Cell = cell,
                HiddenSize = hidden,
                Attention = additive ? AttentionKind.Additive : golden.Text("score") == "dot" ? AttentionKind.Dot : AttentionKind.General,
                AttentionSize = golden.Int("A", 0),
                InputFeeding = golden.Flag("input_feeding"),
            },
            Begin = golden.Int("bos", 1),
            End = golden.Int("eos", 2),
        });
        foreach (var parameter in network.Parameters.Parameters) golden.Parameters[NameOf(parameter.Name)].Floats.CopyTo(parameter.Values);
        network.Pack(training: true);
        return network;
    }

    private static Sequence[] Sources(GoldenCase golden)
    {
        var (src, lengths) = (golden.Inputs["src"], golden.Setting("src_lengths").EnumerateArray().Select(l => l.GetInt32()).ToArray());
        return [.. lengths.Select((length, n) => Sequence.OfTokens([.. Enumerable.Range(0, length).Select(s => src.Ints[(s * src.Shape[1]) + n])]))];
    }

    private static void TeacherForcing(GoldenCase golden)
    {
        var network = Network(golden);
        var (sources, tgtIn, tgtOut, pad) = (Sources(golden), golden.Inputs["tgt_in"], golden.Inputs["tgt_out"], golden.Int("pad", 0));
        var (steps, rows, hidden) = (tgtIn.Shape[0], tgtIn.Shape[1], golden.Int("H", 0));
        var targets = Enumerable.Range(0, rows).Select(n => new ReadOnlyMemory<int>([.. Enumerable.Range(0, steps).Select(t => tgtOut.Ints[(t * rows) + n]).Select(id => id == pad ? ExampleSet.NoTarget : id)])).ToArray();
        var pass = (TranslatorPass)network.CreatePass();
        pass.Assign(new ExampleSet(sources, targets), [.. Enumerable.Range(0, rows)]);
        // PyTorch goes on where a text has ended, reading padding: all rows have T steps, in their own order, and read what the file says.
        tgtIn.Ints.CopyTo(pass.Target.Inputs);

        var result = new GoldenResult();
        result.Output("logits", pass.Forward().ToArray());
        result.Output("attention", Padded(pass.Decoder.Weights.ToArray(), steps, rows, pass.Decoder.Memory.Longest, golden.Inputs["src"].Shape[0]));
        var encoded = new PaddedBatch(golden.Inputs["src"].Shape[0], [.. sources.Select(s => s.Steps)]);
        Assert.Equal(encoded.Order, pass.Source.RowIds.ToArray());
        result.Output("encoder_outputs", encoded.Unpack(pass.Encoder.Top.Span, network.Encoder.Stack.OutputSize));
        result.Output("final_state", pass.Decoder.Stack.States[0].H.ToArray()[..(rows * hidden)]);
        var counted = targets.Sum(t => t.ToArray().Count(id => id >= 0));
        var gradients = new float[network.Parameters.Length];
        result.Outputs["loss"] = [pass.ForwardBackward(new Objective(0), 1f / counted, dropoutKey: 1, gradients).Loss / counted];
        pass.AddLateGradients(gradients);
        foreach (var parameter in network.Parameters.Parameters) result.Gradient(NameOf(parameter.Name), parameter.In(gradients).ToArray());
        result.AssertMatches(golden);
    }

    /// <summary>[T, N, S of the longest] as PyTorch has it: [T, S of the file, N].</summary>
    private static float[] Padded(float[] weights, int steps, int rows, int longest, int positions) =>
        [.. Enumerable.Range(0, steps).SelectMany(t => Enumerable.Range(0, positions).SelectMany(s => Enumerable.Range(0, rows).Select(n => s < longest ? weights[(((t * rows) + n) * longest) + s] : 0)))];

    private static void Decode(GoldenCase golden)
    {
        var network = Network(golden);
        var (sources, width, longest) = (Sources(golden), golden.Int("beam", 1), golden.Int("max_len", 1));
        var alphas = golden.Setting("alphas").EnumerateArray().Select(a => a.GetDouble()).ToArray();
        var (relative, absolute) = golden.Tolerance("expected");
        for (var n = 0; n < sources.Length; n++)
        {
            var (tokens, scores) = (golden.Expected.GetProperty("discrete")[n], golden.Expected.GetProperty("scores")[n]);
            var greedy = new Generation(network.CreateDecoder(sources[n]), new SamplingConfig { Temperature = 0 }, seed: 1);
            var emitted = new List<GeneratedToken>();
            while (emitted.Count < longest && !greedy.IsFinished) emitted.Add(greedy.Advance());
            Assert.Equal(Ints(tokens.GetProperty("greedy")), emitted.Select(e => e.Token));
            Close($"{n} greedy", scores.GetProperty("greedy_logprob"), [emitted.Sum(e => e.LogProbability)]);
            for (var a = 0; a < alphas.Length; a++)
            {
                var decoder = network.CreateDecoder(sources[n]);
                var start = new float[decoder.StateSize];
                decoder.Start(start);
                var best = new BeamSearch(decoder, width).Search(start, decoder.Begin, longest, alphas[a]);
                var (wanted, numbers) = (tokens.GetProperty("beams")[a], scores.GetProperty("beams")[a]);
                Assert.Equal(wanted.GetProperty("hyps").EnumerateArray().Select(Ints), best.Select(h => h.Tokens.ToArray()));
                Close($"{n} log-probabilities", numbers.GetProperty("logprobs"), best.Select(h => h.LogProbability));
                Close($"{n} scores", numbers.GetProperty("scores"), best.Select(h => h.Score(alphas[a])));
            }
        }

        void Close(string what, JsonElement want, IEnumerable<double> got) => GoldenResult.AssertClose(
            $"{golden.Name} {what}", want.ValueKind == JsonValueKind.Array ? [.. want.EnumerateArray().Select(v => v.GetDouble())] : [want.GetDouble()], [.. got], relative, absolute);
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetInt32())];

    private static void Sampling(GoldenCase golden)
    {
        var logits = golden.Inputs["logits"].Floats;
        var result = new GoldenResult();
        result.Output("probs", golden.Setting("settings").EnumerateArray().SelectMany(setting =>
        {
            double Number(string name, double otherwise) => setting.TryGetProperty(name, out var value) ? value.GetDouble() : otherwise;
            var config = new SamplingConfig { Temperature = Number("temperature", 1), TopK = (int)Number("top_k", 0), TopP = Number("top_p", 1) };
            return new Sampler(config, logits.Length).Probabilities(logits).ToArray();
        }));
        result.AssertMatches(golden);
    }
}
