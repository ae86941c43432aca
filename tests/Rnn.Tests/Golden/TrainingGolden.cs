using System.Numerics.Tensors;
using Rnn.Tensors;
using Rnn.Tests.Layers;
using Rnn.Training;

namespace Rnn.Tests.Golden;

/// <summary>Optimizers, schedules, and 50 training steps of a character model.</summary>
internal static class TrainingGolden
{
    public static IEnumerable<GoldenRunner> Runners =>
    [
        GoldenRunner.Of("optimizer", Optimizer, MissingOfOptimizer),
        GoldenRunner.Of("lr_schedule", Schedule, golden => golden.Text("schedule") is "linear_warmup" or "warmup_cosine" ? null : $"the schedule {golden.Text("schedule")}"),
        GoldenRunner.Of("charlm", CharacterModel),
    ];

    private static string? MissingOfOptimizer(GoldenCase golden)
    {
        var options = golden.Setting("options");
        if (golden.Text("optimizer") is not ("Adam" or "AdamW")) return $"the optimizer {golden.Text("optimizer")}";
        if (options.TryGetProperty("amsgrad", out _)) return "AMSGrad";
        return golden.Text("optimizer") == "Adam" && options.TryGetProperty("weight_decay", out _) ? "weight decay as an L2 term" : null;
    }

    private static void Optimizer(GoldenCase golden)
    {
        var options = golden.Setting("options");
        var parameters = new ParameterSet();
        var (w, b) = (parameters.Add("W", golden.Parameters["W"].Shape), parameters.Add("b", golden.Parameters["b"].Shape));
        parameters.Allocate();
        golden.Parameters["W"].Floats.CopyTo(w.Values);
        golden.Parameters["b"].Floats.CopyTo(b.Values);
        var adam = new Adam(parameters, options.TryGetProperty("weight_decay", out var decay) ? decay.GetDouble() : 0);
        var history = new Dictionary<string, List<float>>();
        void Note(string name, ReadOnlySpan<float> values) => (history.TryGetValue(name, out var list) ? list : history[name] = []).AddRange(values);

        for (var step = 1; step <= golden.Int("steps", 5); step++)
        {
            var gradients = new float[parameters.Length];
            Note("losses", [(float)LeastSquares(golden, w.Values.Span, b.Values.Span, w.In(gradients), b.In(gradients))]);
            Note("W_at_step", w.In(gradients));
            Note("b_at_step", b.In(gradients));
            adam.Update(0, parameters.Length, gradients, adam.Coefficients(step, options.GetProperty("lr").GetDouble(), 1));
            Note("W_after", w.Values.Span);
            Note("b_after", b.Values.Span);
        }

        var result = new GoldenResult();
        foreach (var (name, values) in history)
        {
            if (name.EndsWith("at_step", StringComparison.Ordinal)) result.Gradient(name, values);
            else result.Output(name, values);
        }

        foreach (var parameter in new[] { w, b })
        {
            result.Output($"state_exp_avg/{parameter.Name}", parameter.In(adam.FirstMoment.Span).ToArray());
            result.Output($"state_exp_avg_sq/{parameter.Name}", parameter.In(adam.SecondMoment.Span).ToArray());
        }

        result.AssertMatches(golden);
    }

    /// <summary>0.5 · sum((X Wᵀ + b - Y)²) / N and its gradient: the toy the optimizers walk on.</summary>
    private static double LeastSquares(GoldenCase golden, ReadOnlySpan<float> w, ReadOnlySpan<float> b, Span<float> dw, Span<float> db)
    {
        var (x, y) = (golden.Inputs["X"], golden.Inputs["Y"]);
        var (rows, inputs, outputs) = (x.Shape[0], x.Shape[1], y.Shape[1]);
        double loss = 0;
        for (var n = 0; n < rows; n++)
        {
            for (var o = 0; o < outputs; o++)
            {
                var error = b[o] - y.Values[n * outputs + o];
                for (var i = 0; i < inputs; i++) error += w[o * inputs + i] * x.Values[n * inputs + i];
                loss += 0.5 * error * error / rows;
                db[o] += (float)(error / rows);
                for (var i = 0; i < inputs; i++) dw[o * inputs + i] += (float)(error * x.Values[n * inputs + i] / rows);
            }
        }

        return loss;
    }

    private static void Schedule(GoldenCase golden)
    {
        var warmupOnly = golden.Text("schedule") == "linear_warmup";
        var config = new TrainingConfig
        {
            LearningRate = (float)golden.Number("lr", 0),
            WarmupSteps = golden.Int("warmup", 0),
            Schedule = warmupOnly ? ScheduleKind.Constant : ScheduleKind.Cosine,
        };
        var want = golden.Expected.GetProperty("lr").EnumerateArray().Select(r => r.GetDouble()).ToArray();
        var got = want.Select((_, t) => LearningRate.At(config, t, golden.Int("total", 0))).ToArray();
        var (relative, absolute) = golden.Tolerance("expected");
        GoldenResult.AssertClose(golden.Name, want, got, relative, absolute);
    }

    private static void CharacterModel(GoldenCase golden)
    {
        var (steps, rows) = (golden.Int("T", 0), golden.Int("B", 0));
        var rig = NetworkRig.Of(golden);
        var adam = new Adam(rig.Parameters, 0);
        var (states, lstm) = (rows * golden.Int("H", 0), golden.Text("cell") == "lstm");
        var (h, c) = (new float[states], lstm ? new float[states] : []);
        var (inputs, targets) = (golden.Inputs["batch_inputs"].Ints.Chunk(steps * rows).ToArray(), golden.Inputs["batch_targets"].Ints.Chunk(steps * rows).ToArray());
        var (losses, norms) = (new List<double>(), new List<double>());
        for (var step = 0; step < inputs.Length; step++)
        {
            var gradients = new float[rig.Parameters.Length];
            var batch = new PaddedBatch(steps, [.. Enumerable.Repeat(steps, rows)]);
            var got = rig.Run(new(batch, inputs[step], null, h, c, targets[step], PerStep: true, []), 0, gradients);
            var norm = Math.Sqrt(TensorPrimitives.SumOfSquares<float>(gradients));
            losses.Add(got.Loss);
            norms.Add(norm);
            adam.Update(0, rig.Parameters.Length, gradients, adam.Coefficients(step + 1, golden.Number("lr", 0), Math.Min(1, golden.Number("clip", 0) / (norm + 1e-6))));
            if (golden.Flag("carry_state")) (h, c) = (got.HN, got.CN);
        }

        var tolerance = golden.ToleranceElement.GetProperty("outputs");
        var perStep = tolerance.GetProperty("losses_atol_per_step").EnumerateArray().Select(t => t.GetDouble()).ToArray();
        var want = golden.Outputs["losses"].Values;
        for (var step = 0; step < want.Length; step++)
            GoldenResult.AssertClose($"{golden.Name} loss of step {step}", [want[step]], [losses[step]], tolerance.GetProperty("rtol").GetDouble(), perStep[step]);
        GoldenResult.AssertClose($"{golden.Name} norms", golden.Outputs["grad_norms"].Values, norms, tolerance.GetProperty("grad_norms_rtol").GetDouble(), 0);
        foreach (var parameter in rig.Parameters.Parameters)
            GoldenResult.AssertClose($"{golden.Name} final {parameter.Name}", golden.Outputs[$"final/{parameter.Name}"].Values, [.. parameter.Values.ToArray().Select(v => (double)v)], 0, tolerance.GetProperty("final_params_atol").GetDouble());
    }
}
