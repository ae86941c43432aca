namespace Rnn.Cells;

/// <summary>What bounds an activation.</summary>
internal enum Squashing
{
    /// <summary>Between 0 and 1.</summary>
    Sigmoid,

    /// <summary>Between -1 and 1.</summary>
    Tanh,

    /// <summary>Not below 0.</summary>
    Relu,
}

/// <summary>What the activations of a forward scan say about the gradients that will pass them.</summary>
/// <param name="SaturationFraction">Share of the activations whose derivative is below a tenth of its largest: little of a gradient gets through them.</param>
/// <param name="GateMeans">Mean of each sigmoid gate by name; empty for cells without gates.</param>
public sealed record CellActivity(double SaturationFraction, IReadOnlyDictionary<string, double> GateMeans)
{
    /// <summary>Of gates <c>[tokens, G·H]</c>.</summary>
    internal static CellActivity Of(ReadOnlySpan<float> gates, int hidden, IReadOnlyList<(string Name, Squashing By)> order)
    {
        long saturated = 0;
        double[] sums = new double[order.Count];
        for (int i = 0; i < gates.Length; i++)
        {
            int gate = i / hidden % order.Count;
            float value = gates[i];
            sums[gate] += value;
            if (IsSaturated(value, order[gate].By)) saturated++;
        }

        double each = gates.Length / (double)order.Count;
        var means = new Dictionary<string, double>();
        for (int gate = 0; gate < sums.Length; gate++)
            if (order[gate].By == Squashing.Sigmoid) means[order[gate].Name] = sums[gate] / each;
        return new CellActivity(saturated / (double)gates.Length, means);
    }

    private static bool IsSaturated(float value, Squashing by) => by switch
    {
        Squashing.Sigmoid => value * (1 - value) < 0.1f / 4,
        Squashing.Tanh => 1 - (value * value) < 0.1f,
        _ => value <= 0,
    };
}
