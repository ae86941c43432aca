using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Tests.Layers;

namespace Rnn.Tests.Golden;

/// <summary>
/// A vector in, numbers out: the value first, then zero vectors; or each output as the next input, with the gradient flowing back through it.
/// Put together from the core's layers, one step at a time; the captioner does the same with tokens.
/// </summary>
internal static class OneToManyGolden
{
    public static IEnumerable<GoldenRunner> Runners => [GoldenRunner.Of("one_to_many", Run)];

    private static void Run(GoldenCase golden)
    {
        var (feature, target, feeds) = (golden.Inputs["feature"], golden.Inputs["target"], golden.Text("mode") == "feedback");
        var (rows, steps, outputs) = (feature.Shape[0], target.Shape[0], target.Shape[2]);
        var hidden = golden.Parameters["rnn.weight_hh_l0"].Shape[1];
        var parameters = new ParameterSet();
        var first = new Linear(parameters, "in.", feature.Shape[1], golden.Parameters["in.weight"].Shape[0]);
        var stack = new RecurrentStack(parameters, "rnn.", StackRig.Kind(golden.Text("cell")), first.OutputSize, hidden, 1, false);
        var head = new Linear(parameters, "out.", hidden, outputs);
        parameters.Allocate();
        foreach (var parameter in parameters.Parameters) golden.Parameters[parameter.Name].Floats.CopyTo(parameter.Values);
        first.Pack(training: true);
        stack.Pack(training: true);
        head.Pack(training: true);

        var (workspace, batch) = (new Workspace(), new PaddedBatch(1, [.. Enumerable.Repeat(1, rows)]));
        var each = Enumerable.Range(0, steps).Select(_ => stack.CreateActivations()).ToArray();
        var y = new float[steps][];
        var x = new float[rows * first.OutputSize];
        first.Forward(feature.Floats, rows, x);
        batch.PackStates(golden.Inputs["h0"].Floats, golden.Inputs.TryGetValue("c0", out var c0) ? c0.Floats : [], each[0].States);
        for (var t = 0; t < steps; t++)
        {
            // A scan moves its states on in place; what each step started from is in its trace.
            if (t > 0) each[t - 1].States.CopyTo(each[t].States, 0);
            stack.Forward(x, batch.Layout, batch.Order, default, each[t], workspace);
            head.Forward(each[t].Top.Span, rows, y[t] = new float[rows * outputs]);
            x = feeds ? [.. y[t]] : new float[x.Length];
        }

        var result = new GoldenResult();
        float[] all = [.. y.SelectMany(step => step)];
        result.Output("y", all);
        result.Output("h_n", batch.UnpackStates(each[^1].States, c: false));
        result.Output("c_n", batch.UnpackStates(each[^1].States, c: true));
        result.Outputs["loss"] = [ElementwiseLoss.SquaredError(all, target.Floats)];

        var (gradients, dx) = (new float[parameters.Length], new float[x.Length]);
        stack.ZeroStates(each[^1].StateGradients, rows, workspace);
        for (var t = steps - 1; t >= 0; t--)
        {
            var dy = all[(t * rows * outputs)..((t + 1) * rows * outputs)];
            // dx of the step after is the gradient of this step's output, if that was fed back.
            if (feeds && t < steps - 1)
                for (var i = 0; i < dy.Length; i++) dy[i] += dx[i];
            var dTop = new float[rows * hidden];
            head.Backward(each[t].Top.Span, rows, dy, dTop, gradients, workspace);
            if (t < steps - 1) each[t + 1].StateGradients.CopyTo(each[t].StateGradients, 0);
            dx = new float[x.Length];
            stack.Backward(dTop, batch.Layout, batch.Order, default, each[t], dx, gradients, workspace);
        }

        var dFeature = new float[feature.Values.Length];
        first.Backward(feature.Floats, rows, dx, dFeature, gradients, workspace);
        result.Gradient("feature", dFeature);
        result.Gradient("h0", batch.UnpackStates(each[0].StateGradients, c: false));
        result.Gradient("c0", batch.UnpackStates(each[0].StateGradients, c: true));
        foreach (var parameter in parameters.Parameters) result.Gradient(parameter.Name, parameter.In(gradients).ToArray());
        result.AssertMatches(golden);
    }
}
