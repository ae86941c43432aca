using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Tests.Golden;

namespace Rnn.Tests.Layers;

/// <summary>
/// [embedding →] recurrent stack → linear → cross-entropy, from the core's layers, with what the models do not offer yet:
/// given initial states and a target at every step.
/// </summary>
internal sealed class NetworkRig
{
    private readonly Embedding? _embedding;
    private readonly RecurrentStack _stack;
    private readonly Linear _head;

    public NetworkRig(string cell, int vocabulary, int inputSize, int hiddenSize, int layers, bool bidirectional, int classes, int? paddingId = null)
    {
        if (vocabulary > 0) _embedding = new Embedding(Parameters, "embedding.", vocabulary, inputSize, paddingId: paddingId);
        _stack = new RecurrentStack(Parameters, "rnn.", StackRig.Kind(cell), inputSize, hiddenSize, layers, bidirectional);
        _head = new Linear(Parameters, "fc.", _stack.OutputSize, classes);
        Parameters.Allocate();
    }

    public ParameterSet Parameters { get; } = new();

    /// <param name="Batch">The rows and their lengths.</param>
    /// <param name="Ids">[T, N] token ids, or null.</param>
    /// <param name="X">[T, N, I] frames, or null.</param>
    /// <param name="H0">[layers*D, N, H].</param>
    /// <param name="C0">The same for LSTM, else empty.</param>
    /// <param name="Targets">[N], or [T, N] when each step has one.</param>
    /// <param name="PerStep">Whether each step has a target.</param>
    /// <param name="ClassWeights">[C], or empty.</param>
    internal sealed record Pass(PaddedBatch Batch, int[]? Ids, float[]? X, float[] H0, float[] C0, int[] Targets, bool PerStep, float[] ClassWeights);

    internal sealed record Result(double Loss, float[] Logits, float[] HN, float[] CN, float[] DX, float[] DH0, float[] DC0);

    /// <summary>With the sizes and weights of a golden case.</summary>
    public static NetworkRig Of(GoldenCase golden)
    {
        var (head, recurrent) = (golden.Parameters["fc.weight"], golden.Parameters["rnn.weight_hh_l0"]);
        var rig = new NetworkRig(golden.Text("cell"), golden.Parameters.TryGetValue("embedding.weight", out var e) ? e.Shape[0] : 0,
            golden.Parameters["rnn.weight_ih_l0"].Shape[1], recurrent.Shape[1], golden.Int("layers", 1), golden.Flag("bidirectional"), head.Shape[0], golden.Has("padding_idx") ? golden.Int("padding_idx", 0) : null);
        foreach (var parameter in rig.Parameters.Parameters) golden.Parameters[parameter.Name].Floats.CopyTo(parameter.Values);
        return rig;
    }

    /// <summary>Forward and backward of the mean loss; adds to <paramref name="gradients"/>.</summary>
    public Result Run(Pass pass, float smoothing, float[] gradients)
    {
        var (batch, layout) = (pass.Batch, pass.Batch.Layout);
        var (workspace, activations) = (new Workspace(), _stack.CreateActivations());
        var (inputSize, features, classes) = (_stack.Cells[0].InputSize, _stack.OutputSize, _head.OutputSize);
        _stack.Pack(training: true);
        _head.Pack(training: true);
        batch.PackStates(pass.H0, pass.C0, activations.States);
        var ids = pass.Ids is null ? [] : batch.Pack(pass.Ids, 1);
        var x = pass.X is null ? new float[layout.Tokens * inputSize] : batch.Pack(pass.X, inputSize);
        _embedding?.Forward(ids, 1, x);
        _stack.Forward(x, layout, batch.Order, default, activations, workspace);

        // A head at every step also runs where a row has ended, on zeros, as PyTorch's does.
        var top = activations.States.Length - features / _stack.Cells[0].HiddenSize;
        var rows = pass.PerStep ? batch.Steps * layout.Rows : layout.Rows;
        var pooled = pass.PerStep ? batch.Unpack(activations.Top.Span, features) : new float[rows * features];
        if (!pass.PerStep) Pooling.LastForward(activations.States.AsSpan(top), _stack.Cells[0].HiddenSize, rows, pooled);
        var logits = new float[rows * classes];
        _head.Forward(pooled, rows, logits);
        var (hN, cN, paddedLogits) = (batch.UnpackStates(activations.States, c: false), batch.UnpackStates(activations.States, c: true), pass.PerStep ? [.. logits] : batch.UnpackRows(logits));

        var targets = pass.PerStep ? pass.Targets : batch.PackRows(pass.Targets);
        var weight = CrossEntropy.WeightSum(targets, pass.ClassWeights);
        var loss = CrossEntropy.ForwardBackward(logits, classes, targets, smoothing, (float)(1 / weight), pass.ClassWeights) / weight;
        var (dPooled, dx) = (new float[rows * features], new float[layout.Tokens * inputSize]);
        _head.Backward(pooled, rows, logits, dPooled, gradients, workspace);
        _stack.ZeroStates(activations.StateGradients, layout.Rows, workspace);
        if (!pass.PerStep) Pooling.LastBackward(dPooled, _stack.Cells[0].HiddenSize, rows, activations.StateGradients.AsSpan(top));
        _stack.Backward(pass.PerStep ? batch.Pack(dPooled, features) : new float[layout.Tokens * features], layout, batch.Order, default, activations, dx, gradients, workspace);
        _embedding?.Backward(ids, 1, dx, gradients);
        return new Result(loss, paddedLogits, hN, cN, batch.Unpack(dx, inputSize), batch.UnpackStates(activations.StateGradients, c: false), batch.UnpackStates(activations.StateGradients, c: true));
    }
}
