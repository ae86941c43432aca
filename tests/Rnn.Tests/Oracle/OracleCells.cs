namespace Rnn.Tests.Oracle;

/// <summary>
/// The recurrent cells as PyTorch defines them, one scalar operation at a time: rnn_tanh, rnn_relu, lstm (gates i, f, g, o)
/// and gru (gates r, z, n; the reset multiplies the recurrent product with its bias), layers × directions, any lengths.
/// </summary>
internal static class OracleCells
{
    /// <summary>A step's new state and, by name, the gates it came from.</summary>
    internal sealed record Step(Var[] H, Var[]? C, IReadOnlyDictionary<string, Var[]> Gates);

    /// <summary>All steps: y [T, N, D*H], h_n and c_n [layers*D, N, H] (c_n for lstm only).</summary>
    internal sealed record Scan(OracleTensor Y, OracleTensor HN, OracleTensor? CN);

    /// <summary>The weights of one cell: matrices [G*H, in] and [G*H, H], biases [G*H] or null.</summary>
    internal sealed record Weights(OracleTensor Ih, OracleTensor Hh, OracleTensor? BiasIh, OracleTensor? BiasHh)
    {

        /// <summary>Under PyTorch's names with the given suffix (<c>_l0_reverse</c>, or empty for a single cell).</summary>
        public static Weights Named(IReadOnlyDictionary<string, OracleTensor> p, string prefix, string suffix) =>
            new(p[$"{prefix}weight_ih{suffix}"], p[$"{prefix}weight_hh{suffix}"], p.GetValueOrDefault($"{prefix}bias_ih{suffix}"), p.GetValueOrDefault($"{prefix}bias_hh{suffix}"));
    }

    public static Step Advance(string cell, Weights w, Var[] x, Var[] h, Var[]? c)
    {
        var step = Make(cell, w, x, h, c);
        w.Hh.Steps.Add(step);
        return step;
    }

    private static Step Make(string cell, Weights w, Var[] x, Var[] h, Var[]? c)
    {
        var input = w.Ih.Apply(x, w.BiasIh);
        var recurrent = w.Hh.Apply(h, w.BiasHh);
        var size = h.Length;
        Var[] Gate(int block, Func<Var, Var> activation) => [.. Enumerable.Range(block * size, size).Select(j => activation(input[j] + recurrent[j]))];
        Var[] Each(Func<int, Var> formula) => [.. Enumerable.Range(0, size).Select(formula)];
        switch (cell)
        {
            case "rnn_tanh":
                return new(Gate(0, v => v.Tanh()), null, new Dictionary<string, Var[]>());
            case "rnn_relu":
                return new(Gate(0, v => v.Relu()), null, new Dictionary<string, Var[]>());
            case "lstm":
                var (i, f, g, o) = (Gate(0, v => v.Sigmoid()), Gate(1, v => v.Sigmoid()), Gate(2, v => v.Tanh()), Gate(3, v => v.Sigmoid()));
                var cNew = Each(j => f[j] * c![j] + i[j] * g[j]);
                return new(Each(j => o[j] * cNew[j].Tanh()), cNew, new Dictionary<string, Var[]> { ["i"] = i, ["f"] = f, ["g"] = g, ["o"] = o });
            case "gru":
                var (r, z) = (Gate(0, v => v.Sigmoid()), Gate(1, v => v.Sigmoid()));
                var n = Each(j => (input[2 * size + j] + r[j] * recurrent[2 * size + j]).Tanh());
                return new(Each(j => (1 - z[j]) * n[j] + z[j] * h[j]), null, new Dictionary<string, Var[]> { ["r"] = r, ["z"] = z, ["n"] = n });
            default:
                throw new ArgumentException($"unknown cell {cell}", nameof(cell));
        }
    }

    /// <param name="cell">One of the four cell names.</param>
    /// <param name="parameters">By PyTorch's names after <paramref name="prefix"/>.</param>
    /// <param name="prefix">For example <c>rnn.</c>.</param>
    /// <param name="x">[T, N, I].</param>
    /// <param name="h0">[layers*D, N, H].</param>
    /// <param name="c0">As h0, for lstm; otherwise null.</param>
    /// <param name="layers">Stacked layers; each reads both directions of the one below.</param>
    /// <param name="bidirectional">D = 2.</param>
    /// <param name="lengths">Valid steps of each row, or null when all are T.</param>
    public static Scan Sequence(string cell, IReadOnlyDictionary<string, OracleTensor> parameters, string prefix, OracleTensor x,
        OracleTensor h0, OracleTensor? c0, int layers, bool bidirectional, int[]? lengths)
    {
        var (steps, rows, directions) = (x.Shape[0], x.Shape[1], bidirectional ? 2 : 1);
        var zero = x.Elements[0].Tape.Leaf(0);
        var input = Enumerable.Range(0, steps).Select(x.Slice).ToArray();
        var (hN, cN) = (new Var[layers * directions][][], new Var[layers * directions][][]);
        for (var layer = 0; layer < layers; layer++)
        {
            var outputs = new List<Var[][][]>();
            for (var direction = 0; direction < directions; direction++)
            {
                var index = layer * directions + direction;
                var weights = Weights.Named(parameters, prefix, $"_l{layer}{(direction == 1 ? "_reverse" : "")}");
                var (h, c) = (h0.Slice(index), c0?.Slice(index));
                var y = new Var[steps][][];
                for (var t = 0; t < steps; t++) y[t] = [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Repeat(zero, h0.Shape[2]).ToArray())];
                for (var row = 0; row < rows; row++)
                {
                    var length = lengths?[row] ?? steps;
                    for (var s = 0; s < length; s++)
                    {
                        var t = direction == 0 ? s : length - 1 - s;
                        var step = Advance(cell, weights, input[t][row], h[row], c?[row]);
                        h[row] = y[t][row] = step.H;
                        if (c is not null) c[row] = step.C!;
                    }
                }
                (hN[index], cN[index]) = (h, c ?? []);
                outputs.Add(y);
            }
            input = [.. Enumerable.Range(0, steps).Select(t => Enumerable.Range(0, rows).Select(row => outputs.SelectMany(y => y[t][row]).ToArray()).ToArray())];
        }
        return new Scan(OracleTensor.Stack(input), OracleTensor.Stack(hN), c0 is null ? null : OracleTensor.Stack(cN));
    }
}
