namespace Rnn.Tests.Oracle;

/// <summary>What stands before and after the recurrence: embedding, pooling, linear map, cross-entropy.</summary>
internal static class OracleHeads
{
    /// <summary>Step (t, n) is the sum of the rows of <paramref name="weight"/> [V, E] at ids[t][n]; ids below 0 and <paramref name="frozen"/> ids add a value without gradient or nothing.</summary>
    public static OracleTensor Embedding(OracleTensor weight, int[][][] ids, int frozen = -1)
    {
        var tape = weight.Elements[0].Tape;
        Var[] Sum(int[] of)
        {
            var sum = Enumerable.Range(0, weight.Shape[1]).Select(_ => tape.Leaf(0)).ToArray();
            foreach (var id in of.Where(i => i >= 0))
                for (var e = 0; e < sum.Length; e++)
                    sum[e] = id == frozen ? sum[e] + weight.Row(id)[e].Value : sum[e] + weight.Row(id)[e];
            return sum;
        }
        return OracleTensor.Stack([.. ids.Select(step => step.Select(Sum).ToArray())]);
    }

    /// <summary>Pools y [T, N, F] over each row's valid steps to [N, F]; <c>last</c> takes the reverse half from step 0.</summary>
    public static OracleTensor Pool(string kind, OracleTensor y, int[] lengths, int directions)
    {
        var (rows, features) = (y.Shape[1], y.Shape[2]);
        Var At(int t, int n, int f) => y.Row(t * rows + n)[f];
        Var Feature(int n, int f)
        {
            var valid = Enumerable.Range(0, lengths[n]).Select(t => At(t, n, f));
            return kind switch
            {
                "last" => At(directions == 2 && f >= features / 2 ? 0 : lengths[n] - 1, n, f),
                "mean" => valid.Aggregate((a, b) => a + b) * (1.0 / lengths[n]),
                "max" => valid.Aggregate(Var.Max),
                _ => throw new ArgumentException($"unknown pooling {kind}", nameof(kind)),
            };
        }
        return OracleTensor.Matrix([.. Enumerable.Range(0, rows).Select(n => Enumerable.Range(0, features).Select(f => Feature(n, f)).ToArray())]);
    }

    /// <summary>x W^T + b over the rows of x [N, F] with weight [C, F].</summary>
    public static OracleTensor Linear(OracleTensor x, OracleTensor weight, OracleTensor bias) =>
        OracleTensor.Matrix([.. Enumerable.Range(0, x.Elements.Length / x.Shape[^1]).Select(n => weight.Apply(x.Row(n), bias))]);

    /// <summary>log softmax of each row.</summary>
    public static OracleTensor LogSoftmax(OracleTensor logits)
    {
        Var[] Row(Var[] row)
        {
            var shift = row.Max(v => v.Value);
            var log = row.Select(v => (v + -shift).Exp()).Aggregate((a, b) => a + b).Log();
            return [.. row.Select(v => v + -shift - log)];
        }
        return OracleTensor.Matrix([.. Enumerable.Range(0, logits.Shape[0]).Select(n => Row(logits.Row(n).ToArray()))]);
    }

    /// <summary>
    /// Per row (1-e) w[t] (-lp[t]) + e/C sum_c w[c] (-lp[c]); rows whose target is <paramref name="ignore"/> are 0.
    /// The mean divides by the sum of w[t] over the others (PyTorch's).
    /// </summary>
    public static (OracleTensor LogProbabilities, Var[] Rows, Var Mean) CrossEntropy(OracleTensor logits, long[] target, double smoothing = 0, double[]? weight = null, long ignore = -100)
    {
        var (tape, classes) = (logits.Elements[0].Tape, logits.Shape[1]);
        var logP = LogSoftmax(logits);
        double W(long c) => weight?[c] ?? 1;
        Var Loss(int n)
        {
            if (target[n] == ignore) return tape.Leaf(0);
            var row = logP.Row(n);
            var loss = row[(int)target[n]] * (-(1 - smoothing) * W(target[n]));
            for (var c = 0; c < classes; c++) loss += row[c] * (-smoothing / classes * W(c));
            return loss;
        }
        var rows = Enumerable.Range(0, logits.Shape[0]).Select(Loss).ToArray();
        var total = target.Where(t => t != ignore).Sum(W);
        return (logP, rows, rows.Aggregate((a, b) => a + b) * (1 / total));
    }
}
