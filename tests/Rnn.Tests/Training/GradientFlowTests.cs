using FsCheck;
using FsCheck.Fluent;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tests.Golden;
using Rnn.Tests.Models;
using Rnn.Tests.Oracle;
using Rnn.Training;

namespace Rnn.Tests.Training;

/// <summary>The probe beside the double-precision tape: the gradient of the loss at one step with respect to every state before it.</summary>
public sealed class GradientFlowTests
{
    private static readonly Config s_many = Config.QuickThrowOnFailure.WithMaxTest(60);

    [Theory]
    [InlineData("many to one")]
    [InlineData("many to many in step")]
    [InlineData("language model")]
    [InlineData("one to many, zeros")]
    [InlineData("one to many, outputs")]
    [InlineData("translation, no attention")]
    [InlineData("translation, additive")]
    public void The_norms_equal_the_tapes(string model) => Prop.ForAll(NetworkShape.Any, shape =>
    {
        // Attention and pooling are left out of the probe, so the oracle reads the last state; and it looks at eight rows.
        var (network, examples, oracle) = NetworkGradientTests.WithOracle(model, shape with { Pooling = PoolingKind.Last, Lengths = [.. shape.Lengths.Take(8)] });
        network.Initialize((ulong)shape.Seed);
        foreach (var parameter in network.Parameters.Parameters)
            for (var i = 0; i < parameter.Length; i++) parameter.Values.Span[i] += 0.1f * MathF.Sin(i + parameter.Name.Length);
        network.Pack(training: true);
        foreach (var flow in new GradientFlowProbe(network, examples).Measure())
        {
            if (model.StartsWith("translation", StringComparison.Ordinal) && flow.Part == "encoder" && !model.EndsWith("no attention", StringComparison.Ordinal)) continue;
            var (h, c) = Oracle(network, examples, oracle, flow);
            Close($"{flow.Part} {flow.Layer} {flow.Reverse} h", h, flow.LagGradientNorm);
            if (c is not null) Close($"{flow.Part} {flow.Layer} {flow.Reverse} c", c, flow.CellLagGradientNorm);
            else Assert.Empty(flow.CellLagGradientNorm);
        }
    }).Check(s_many);

    /// <summary>The root mean square over rows of the norm by lag, from the steps that the oracle made.</summary>
    private static (double[] H, double[]? C) Oracle(Network network, ExampleSet examples, Func<IReadOnlyDictionary<string, OracleTensor>, OracleTensor> oracle, GradientFlow flow)
    {
        var tape = new Tape();
        var parameters = network.Parameters.Parameters.ToDictionary(p => p.Name, p => OracleTensor.Of(tape, [.. p.Shape], p.Values.ToArray()));
        var logits = oracle(parameters);
        var isPerStep = network is not SequenceClassifier;
        var isFirst = flow.Reverse && flow.Part is null && isPerStep;
        int Kept(int row)
        {
            var targets = examples.Targets[row].ToArray();
            return Math.Max(0, isFirst ? Array.FindIndex(targets, t => t >= 0) : Array.FindLastIndex(targets, t => t >= 0));
        }

        // The logits lie step by step, at each step those rows that reach it.
        var (wanted, place) = (Enumerable.Repeat((long)ExampleSet.NoTarget, logits.Shape[0]).ToArray(), 0);
        for (var t = 0; t < examples.Targets.Max(targets => targets.Length); t++)
            for (var row = 0; row < examples.Count; row++)
                if (t < examples.Targets[row].Length && t == Kept(row)) wanted[place++] = examples.Targets[row].Span[t];
                else if (t < examples.Targets[row].Length) place++;
        var (_, losses, _) = OracleHeads.CrossEntropy(logits, wanted, ignore: ExampleSet.NoTarget);
        tape.Backward(losses.Aggregate((a, b) => a + b));

        var steps = parameters[$"{flow.Part ?? "rnn"}.weight_hh_l{flow.Layer}{(flow.Reverse ? "_reverse" : "")}"].Steps;
        var scansTargets = flow.Part == "decoder" || network is Captioner;
        var (squares, at) = (new List<List<(double H, double C)>>(), 0);
        for (var row = 0; row < examples.Count; row++)
        {
            var length = scansTargets ? examples.Targets[row].Length : examples.Inputs[row].Steps;
            var made = steps.GetRange(at, length);
            at += length;
            // In its own order of reading the last step that a cell makes for the loss.
            var loss = flow.Part == "encoder" || !isPerStep ? length - 1 : flow.Reverse ? length - 1 - Kept(row) : Kept(row);
            for (var lag = 0; lag <= loss; lag++)
            {
                if (squares.Count == lag) squares.Add([]);
                squares[lag].Add((Square(made[loss - lag].H), Square(made[loss - lag].C ?? [])));
            }
        }

        return ([.. squares.Select(lag => Math.Sqrt(lag.Average(s => s.H)))], steps[0].C is null ? null : [.. squares.Select(lag => Math.Sqrt(lag.Average(s => s.C)))]);
    }

    private static double Square(Var[] values) => values.Sum(v => v.Gradient * v.Gradient);

    // A probability near 1 is known to half a unit in the last place (6e-8), and so is the gradient that is left of it; the weights on its way may be a few.
    private static void Close(string what, double[] want, IReadOnlyList<double> got) => GoldenResult.AssertClose(what, want, got, 1e-4, (1e-6 * want.Max()) + 3e-7);
}
