using System.Text.Json;
using Rnn.Tensors;
using Rnn.Tests.Layers;
using Rnn.Training;

namespace Rnn.Tests.Golden;

/// <summary>Optimizers, clipping, and 50 training steps of a character model.</summary>
internal static class TrainingGolden
{
    public static IEnumerable<GoldenRunner> Runners =>
    [
        GoldenRunner.Of("optimizer", OptimizerCase),
        GoldenRunner.Of("clip", Clip),
        GoldenRunner.Of("charlm", CharacterModel),
    ];

    private static OptimizerConfig Config(string name, JsonElement options)
    {
        double Number(string key, double otherwise) => options.TryGetProperty(key, out var value) ? value.GetDouble() : otherwise;
        bool Flag(string key) => options.TryGetProperty(key, out var value) && value.GetBoolean();
        double? Optional(string key) => options.TryGetProperty(key, out var value) ? value.GetDouble() : null;
        var betas = options.TryGetProperty("betas", out var pair) ? pair.EnumerateArray().Select(b => b.GetDouble()).ToArray() : [0.9, 0.999];
        return new OptimizerConfig
        {
            Kind = name switch
            {
                "SGD" => Flag("nesterov") ? OptimizerKind.Nesterov : Number("momentum", 0) > 0 ? OptimizerKind.Momentum : OptimizerKind.Sgd,
                "RMSprop" => OptimizerKind.Rmsprop,
                _ => Enum.Parse<OptimizerKind>(name, ignoreCase: true),
            },
            Momentum = Number("momentum", 0),
            Dampening = Number("dampening", 0),
            WeightDecay = Number("weight_decay", name == "AdamW" ? 0.01 : 0),
            Beta1 = betas[0],
            Beta2 = betas[1],
            Alpha = Number("alpha", 0.99),
            Epsilon = Optional("eps"),
            Centered = Flag("centered"),
            AmsGrad = Flag("amsgrad"),
            LearningRateDecay = Number("lr_decay", 0),
            InitialAccumulator = Number("initial_accumulator_value", 0),
        };
    }

    private static void OptimizerCase(GoldenCase golden)
    {
        var options = golden.Setting("options");
        var parameters = new ParameterSet();
        var (w, b) = (parameters.Add("W", golden.Parameters["W"].Shape), parameters.Add("b", golden.Parameters["b"].Shape));
        parameters.Allocate();
        golden.Parameters["W"].Floats.CopyTo(w.Values);
        golden.Parameters["b"].Floats.CopyTo(b.Values);
        var optimizer = new Optimizer(Config(golden.Text("optimizer"), options), parameters);
        var history = new Dictionary<string, List<float>>();
        void Note(string name, ReadOnlySpan<float> values) => (history.TryGetValue(name, out var list) ? list : history[name] = []).AddRange(values);

        for (var step = 1; step <= golden.Int("steps", 5); step++)
        {
            var gradients = new float[parameters.Length];
            Note("losses", [(float)LeastSquares(golden, w.Values.Span, b.Values.Span, w.In(gradients), b.In(gradients))]);
            Note("W_at_step", w.In(gradients));
            Note("b_at_step", b.In(gradients));
            optimizer.Update(0, parameters.Length, gradients, optimizer.Numbers(step, options.GetProperty("lr").GetDouble()));
            Note("W_after", w.Values.Span);
            Note("b_after", b.Values.Span);
        }

        var result = new GoldenResult();
        foreach (var (name, values) in history)
        {
            if (name.EndsWith("at_step", StringComparison.Ordinal)) result.Gradient(name, values);
            else result.Output(name, values);
        }

        foreach (var state in optimizer.State)
            foreach (var parameter in new[] { w, b }) result.Output($"state_{state.Name}/{parameter.Name}", parameter.In(state.Values.Span).ToArray());
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

    private static void Clip(GoldenCase golden)
    {
        // All gradients in one buffer, as the core holds them.
        var gradients = golden.Inputs.Values.SelectMany(g => g.Floats).ToArray();
        var most = golden.Number("max", 0);
        var result = new GoldenResult();
        if (golden.Text("mode") == "value")
        {
            Apply(1, most);
        }
        else
        {
            var norm = golden.Has("norm_type") && golden.Text("norm_type") == "inf" ? Clipping.MaximumNorm(gradients) : Clipping.Norm(gradients);
            result.Outputs["total_norm"] = [norm];
            Apply(Clipping.Factor(norm, most), double.PositiveInfinity);
        }

        var start = 0;
        foreach (var (name, tensor) in golden.Inputs)
        {
            result.Output(name, gradients.Skip(start).Take(tensor.Values.Length));
            start += tensor.Values.Length;
        }

        result.AssertMatches(golden);

        // Clipping happens inside the update: plain descent with rate 1 from zero leaves the clipped gradient, negated.
        void Apply(double factor, double limit)
        {
            var parameters = new ParameterSet();
            var p = parameters.Add("p", [gradients.Length]);
            parameters.Allocate();
            var padded = new float[parameters.Length];
            gradients.CopyTo(p.In(padded));
            var descent = new Optimizer(new OptimizerConfig { Kind = OptimizerKind.Sgd }, parameters);
            descent.Update(0, parameters.Length, padded, descent.Numbers(1, 1, factor, limit));
            gradients = [.. p.Values.ToArray().Select(v => -v)];
        }
    }

    private static void CharacterModel(GoldenCase golden)
    {
        var (steps, rows) = (golden.Int("T", 0), golden.Int("B", 0));
        var rig = NetworkRig.Of(golden);
        var adam = new Optimizer(new OptimizerConfig { Kind = OptimizerKind.Adam }, rig.Parameters);
        var (states, lstm) = (rows * golden.Int("H", 0), golden.Text("cell") == "lstm");
        var (h, c) = (new float[states], lstm ? new float[states] : []);
        var (inputs, targets) = (golden.Inputs["batch_inputs"].Ints.Chunk(steps * rows).ToArray(), golden.Inputs["batch_targets"].Ints.Chunk(steps * rows).ToArray());
        var (losses, norms) = (new List<double>(), new List<double>());
        for (var step = 0; step < inputs.Length; step++)
        {
            var gradients = new float[rig.Parameters.Length];
            var batch = new PaddedBatch(steps, [.. Enumerable.Repeat(steps, rows)]);
            var got = rig.Run(new(batch, inputs[step], null, h, c, targets[step], PerStep: true, []), 0, gradients);
            var norm = Clipping.Norm(gradients);
            losses.Add(got.Loss);
            norms.Add(norm);
            adam.Update(0, rig.Parameters.Length, gradients, adam.Numbers(step + 1, golden.Number("lr", 0), Clipping.Factor(norm, golden.Number("clip", 0))));
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
