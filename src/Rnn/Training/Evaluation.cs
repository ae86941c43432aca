using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Metrics;
using Rnn.Models;

namespace Rnn.Training;

/// <summary>Measures a network, without dropout. Its weights must be packed.</summary>
public static class Evaluation
{
    private const int RowsPerPass = 32;
    private const int LanesPerPass = 8;

    /// <summary>Loss, accuracy and, for classes, macro F1; the same figures on any number of threads.</summary>
    public static Score Measure(Network network, ExampleSet set, BatchShards shards)
    {
        if (!network.EmitsTokens)
        {
            (float[] logits, int[] targets) = Logits(network, set, shards);
            return OfLogits(logits, targets, network.Outputs);
        }

        var parts = new (double Loss, int Correct, int Count)[Units(set)];
        ForEachPass(network, set, shards, (unit, pass, logits) =>
        {
            for (int row = 0; row < pass.Targets.Length; row++)
            {
                int target = pass.Targets[row];
                if (target < 0) continue;
                ReadOnlySpan<float> values = logits.Slice(row * network.Outputs, network.Outputs);
                parts[unit].Loss += CrossEntropy.Loss(values, target);
                parts[unit].Correct += TensorPrimitives.IndexOfMax(values) == target ? 1 : 0;
                parts[unit].Count++;
            }
        });
        int count = Math.Max(1, parts.Sum(part => part.Count));
        return new Score(parts.Sum(part => part.Loss) / count, (double)parts.Sum(part => part.Correct) / count, null);
    }

    /// <summary>The logits <c>[targets, outputs]</c> of all examples and the targets beside them, in an order that depends on the set alone.</summary>
    public static (float[] Logits, int[] Targets) Logits(Network network, ExampleSet set, BatchShards shards)
    {
        var parts = new List<(float[] Logits, int[] Targets)>[Units(set)];
        for (int i = 0; i < parts.Length; i++) parts[i] = [];
        ForEachPass(network, set, shards, (unit, pass, logits) => parts[unit].Add((logits.ToArray(), pass.Targets.ToArray())));
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

    private delegate void Visit(int unit, NetworkPass pass, ReadOnlySpan<float> logits);

    private static int Units(ExampleSet set) => set.Lanes > 0 ? (set.Lanes + LanesPerPass - 1) / LanesPerPass : Batching.Count(set, RowsPerPass);

    /// <summary>Runs every example forward: independent ones in batches, a stream a few lanes at a time with the state carried on.</summary>
    private static void ForEachPass(Network network, ExampleSet set, BatchShards shards, Visit visit)
    {
        using var passes = new ThreadLocal<NetworkPass>(network.CreatePass);
        if (set.Lanes == 0)
        {
            int[][] batches = [.. Batching.ByLength(set, RowsPerPass)];
            shards.Run(batches.Length, index => Run(passes.Value!, index, batches[index]));
            return;
        }

        shards.Run(Units(set), unit =>
        {
            int first = unit * LanesPerPass;
            int lanes = Math.Min(LanesPerPass, set.Lanes - first);
            passes.Value!.CarriedStates = new float[lanes * network.CarriedStateSize];
            for (int window = 0; window < set.Count; window += set.Lanes) Run(passes.Value, unit, [.. Enumerable.Range(window + first, lanes)]);
        });

        void Run(NetworkPass pass, int unit, int[] rows)
        {
            pass.Assign(set, rows);
            visit(unit, pass, pass.Forward());
        }
    }
}
