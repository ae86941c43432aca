using System.Runtime.InteropServices;
using Rnn.Data;

namespace Rnn.Baselines;

/// <summary>
/// An n-gram language model with Witten-Bell smoothing (1991), interpolated (Chen &amp; Goodman 1998, eq. 17):
/// <c>P(w | h) = (c(h w) + T(h)·P(w | h')) / (c(h) + T(h))</c>, where c counts in the training text, T(h) is the number of different tokens seen after h
/// and h' is h without its first token; below the empty h all tokens are equally likely. Order by order, so that the n-grams of one order are held at a time.
/// </summary>
public static class NgramLanguageModel
{
    // Bounds time and memory; so many characters or words tell an n-gram model most of what it can know.
    private const int MostTrainingTokens = 2_000_000;

    /// <summary>The summed loss in nats of the targets of every row of a measured stream, and their number.</summary>
    /// <param name="train">A stream of windows to count in; at most two million tokens of it.</param>
    /// <param name="measured">A stream of windows; what stands before in the same lane is the context.</param>
    /// <param name="order">Longest n-gram, its last token included.</param>
    /// <param name="vocabulary">Number of tokens that there are.</param>
    public static (double Loss, int Targets)[] Measure(ExampleSet train, ExampleSet measured, int order, int vocabulary)
    {
        int[][] counted = Lanes(train, MostTrainingTokens);
        int[][] asked = Lanes(measured, int.MaxValue);
        double[][] probability = [.. asked.Select(lane => lane.Select(_ => 1.0 / vocabulary).ToArray())];
        // For each position the id of the n-gram that ends there; of order 0 there is one.
        int[][] ids = [.. counted.Select(lane => new int[lane.Length])];
        int[][] askedIds = [.. asked.Select(lane => new int[lane.Length])];
        // Before a lane's first token there is nothing: the empty context, and no longer one.
        for (int n = 1; n <= order; n++) Interpolate(counted, ids, asked, askedIds, probability, before: n == 1 ? 0 : Sequence.NoId);

        var rows = new (double Loss, int Targets)[measured.Count];
        int[] next = new int[asked.Length];
        Array.Fill(next, 1);
        for (int row = 0; row < rows.Length; row++)
        {
            int lane = row % asked.Length;
            int targets = measured.Targets[row].Length;
            double loss = 0;
            for (int i = 0; i < targets; i++) loss -= Math.Log(probability[lane][next[lane]++]);
            rows[row] = (loss, targets);
        }

        return rows;
    }

    /// <summary>From order n - 1 to order n: the ids of n-grams from those that end a token earlier, and the probabilities.</summary>
    private static void Interpolate(int[][] counted, int[][] ids, int[][] asked, int[][] askedIds, double[][] probability, int before)
    {
        var known = new Dictionary<(int Context, int Token), int>();
        var counts = new List<int>();
        var contexts = new Dictionary<int, (int Count, int Different)>();
        for (int lane = 0; lane < counted.Length; lane++)
        {
            // From the end, because an id reads the one before it.
            for (int i = counted[lane].Length - 1; i >= 0; i--)
            {
                int context = i == 0 ? before : ids[lane][i - 1];
                ids[lane][i] = Sequence.NoId;
                if (context == Sequence.NoId) continue;
                ref int id = ref CollectionsMarshal.GetValueRefOrAddDefault(known, (context, counted[lane][i]), out bool exists);
                ref (int Count, int Different) seen = ref CollectionsMarshal.GetValueRefOrAddDefault(contexts, context, out _);
                if (!exists)
                {
                    id = counts.Count;
                    counts.Add(0);
                    seen.Different++;
                }

                seen.Count++;
                counts[id]++;
                ids[lane][i] = id;
            }
        }

        for (int lane = 0; lane < asked.Length; lane++)
        {
            for (int i = asked[lane].Length - 1; i >= 0; i--)
            {
                int context = i == 0 ? before : askedIds[lane][i - 1];
                int id = known.GetValueOrDefault((context, asked[lane][i]), Sequence.NoId);
                askedIds[lane][i] = id;
                if (!contexts.TryGetValue(context, out (int Count, int Different) seen)) continue;
                probability[lane][i] = ((id < 0 ? 0 : counts[id]) + (seen.Different * probability[lane][i])) / (seen.Count + seen.Different);
            }
        }
    }

    /// <summary>The tokens of each lane in the order of time, the first, which is only read, included.</summary>
    private static int[][] Lanes(ExampleSet stream, int most)
    {
        var lanes = new List<int>[stream.Lanes];
        for (int lane = 0; lane < lanes.Length; lane++) lanes[lane] = [stream.Inputs[lane].Ids.Span[0]];
        for (int row = 0; row < stream.Count && lanes[row % lanes.Length].Count < most / lanes.Length; row++)
            lanes[row % lanes.Length].AddRange(stream.Targets[row].Span);
        return [.. lanes.Select(lane => lane.ToArray())];
    }
}
