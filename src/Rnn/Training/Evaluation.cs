using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Metrics;
using Rnn.Models;
using Rnn.Tensors;

namespace Rnn.Training;

/// <summary>Measures a network, without dropout. Its weights must be packed.</summary>
public static class Evaluation
{
    private const int RowsPerPass = 32;
    private const int LanesPerPass = 8;

    /// <summary>Loss, accuracy and, for classes, macro F1; the same figures on any number of threads.</summary>
    public static Score Measure(Network network, ExampleSet set, BatchShards shards) => MeasureRows(network, set, shards).Score;

    /// <summary>The same, with what each row of the set adds to it.</summary>
    public static (Score Score, RowScore[] Rows) MeasureRows(Network network, ExampleSet set, BatchShards shards)
    {
        var rows = new RowScore[set.Count];
        int[][] chosen = new int[set.Count][];
        ForEachPass(network, set, shards, (_, batch, pass, logits) =>
        {
            var layout = new SequenceLayout();
            layout.Assign([.. batch.Select(row => set.Targets[row].Length)]);
            for (int i = 0; i < batch.Length; i++)
            {
                chosen[batch[i]] = new int[layout.Lengths[i]];
                for (int t = 0; t < layout.Lengths[i]; t++)
                {
                    int at = layout.OffsetAt(t) + i;
                    ReadOnlySpan<float> values = logits.Slice(at * network.Outputs, network.Outputs);
                    int answer = chosen[batch[i]][t] = TensorPrimitives.IndexOfMax(values);
                    int target = pass.Targets[at];
                    if (target >= 0) rows[batch[i]] = rows[batch[i]].Plus(CrossEntropy.Loss(values, target), answer == target);
                }
            }
        });
        int count = Math.Max(1, rows.Sum(row => row.Targets));
        double? macroF1 = network.EmitsTokens ? null : Confusion(set, chosen, network.Outputs).MacroF1;
        return (new Score(rows.Sum(row => row.Loss) / count, (double)rows.Sum(row => row.Correct) / count, macroF1), rows);
    }

    /// <summary>The logits <c>[targets, outputs]</c> of all examples and the targets beside them, in an order that depends on the set alone.</summary>
    public static (float[] Logits, int[] Targets) Logits(Network network, ExampleSet set, BatchShards shards)
    {
        var parts = new List<(float[] Logits, int[] Targets)>[Units(set)];
        for (int i = 0; i < parts.Length; i++) parts[i] = [];
        ForEachPass(network, set, shards, (unit, _, pass, logits) => parts[unit].Add((logits.ToArray(), pass.Targets.ToArray())));
        return ([.. parts.SelectMany(unit => unit).SelectMany(part => part.Logits)], [.. parts.SelectMany(unit => unit).SelectMany(part => part.Targets)]);
    }

    /// <summary>What logits <c>[count, classes]</c> are worth; sums run in their order, negative targets do not count.</summary>
    public static Score OfLogits(ReadOnlySpan<float> logits, ReadOnlySpan<int> targets, int classes)
    {
        double loss = 0;
        var confusion = new ConfusionMatrix(classes);
        for (int row = 0; row < targets.Length; row++)
        {
            if (targets[row] < 0) continue;
            ReadOnlySpan<float> values = logits.Slice(row * classes, classes);
            loss += CrossEntropy.Loss(values, targets[row]);
            confusion.Add(targets[row], TensorPrimitives.IndexOfMax(values));
        }

        return new Score(loss / Math.Max(1, confusion.Total), confusion.Accuracy, confusion.MacroF1);
    }

    private static ConfusionMatrix Confusion(ExampleSet set, int[][] chosen, int classes)
    {
        var confusion = new ConfusionMatrix(classes);
        for (int row = 0; row < set.Count; row++)
        {
            ReadOnlySpan<int> targets = set.Targets[row].Span;
            for (int t = 0; t < targets.Length; t++)
                if (targets[t] >= 0) confusion.Add(targets[t], chosen[row][t]);
        }

        return confusion;
    }

    private delegate void Visit(int unit, int[] rows, NetworkPass pass, ReadOnlySpan<float> logits);

    private static int Units(ExampleSet set) => set.Lanes > 0 ? (set.Lanes + LanesPerPass - 1) / LanesPerPass : Batching.Count(set, RowsPerPass);

    /// <summary>Runs every example forward: independent ones in batches, a stream a few lanes at a time with the state carried on.</summary>
    private static void ForEachPass(Network network, ExampleSet set, BatchShards shards, Visit visit)
    {
        if (set.Lanes == 0)
        {
            int[][] batches = [.. Batching.ByLength(set, RowsPerPass)];
            shards.Run(batches.Length, index => Borrow([], pass => Run(pass, index, batches[index])));
            return;
        }

        shards.Run(Units(set), unit =>
        {
            int first = unit * LanesPerPass;
            int lanes = Math.Min(LanesPerPass, set.Lanes - first);
            Borrow(new float[lanes * network.CarriedStateSize], pass =>
            {
                for (int window = 0; window < set.Count; window += set.Lanes) Run(pass, unit, [.. Enumerable.Range(window + first, lanes)]);
            });
        });

        void Borrow(float[] carriedStates, Action<NetworkPass> work)
        {
            if (!network.IdlePasses.TryPop(out NetworkPass? pass)) pass = network.CreatePass();
            pass.CarriedStates = carriedStates;
            work(pass);
            network.IdlePasses.Push(pass);
        }

        void Run(NetworkPass pass, int unit, int[] rows)
        {
            pass.Assign(set, rows);
            visit(unit, rows, pass, pass.Forward());
        }
    }
}
