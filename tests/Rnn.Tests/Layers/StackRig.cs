using Rnn.Cells;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Tests.Layers;

/// <summary>
/// A recurrent stack fed as PyTorch's modules are, see <see cref="PaddedBatch"/>.
/// </summary>
internal sealed class StackRig
{
    private readonly int _inputSize;

    public StackRig(CellKind kind, int inputSize, int hiddenSize, int layers = 1, bool bidirectional = false, bool bias = true, string prefix = "")
    {
        _inputSize = inputSize;
        Stack = new RecurrentStack(Parameters, prefix, kind, inputSize, hiddenSize, layers, bidirectional, bias);
        Parameters.Allocate();
    }

    public ParameterSet Parameters { get; } = new();
    public RecurrentStack Stack { get; }

    /// <summary>Everything a pass produces, padded; gradients by parameter name.</summary>
    internal sealed record Result(float[] Y, float[] HN, float[] CN, float[] DX, float[] DH0, float[] DC0, float[] Gates, IReadOnlyDictionary<string, float[]> Gradients);

    /// <param name="T">Steps of the padded arrays.</param>
    /// <param name="N">Rows.</param>
    /// <param name="Lengths">Valid steps of each row.</param>
    /// <param name="X">[T, N, I].</param>
    /// <param name="H0">[layers*D, N, H].</param>
    /// <param name="C0">The same for LSTM, else empty.</param>
    internal sealed record Input(int T, int N, int[] Lengths, float[] X, float[] H0, float[] C0);

    /// <summary>Upstream gradients of y, h_n and c_n.</summary>
    internal sealed record Upstream(float[] Y, float[] HN, float[] CN);

    public static CellKind Kind(string cell) => cell switch
    {
        "rnn_tanh" => CellKind.RnnTanh,
        "rnn_relu" => CellKind.RnnRelu,
        "lstm" => CellKind.Lstm,
        "gru" => CellKind.Gru,
        _ => throw new ArgumentException($"unknown cell {cell}", nameof(cell)),
    };

    public static string Name(CellKind kind) => kind switch { CellKind.RnnTanh => "rnn_tanh", CellKind.RnnRelu => "rnn_relu", CellKind.Lstm => "lstm", _ => "gru" };

    public void Fill(int seed, double scale)
    {
        foreach (var (parameter, i) in Parameters.Parameters.Select((p, i) => (p, i)))
            Kernels.Widths.Random(parameter.Length, seed + i, scale).CopyTo(parameter.Values);
        Stack.Pack(training: true);
    }

    public void Set(string name, float[] values) => values.CopyTo(Parameters.Parameters.Single(p => p.Name == name).Values);

    /// <summary>Forward and, with upstream gradients, backward. <paramref name="into"/> is a gradient buffer to add to; a fresh one if null.</summary>
    public Result Run(Input input, Upstream? upstream = null, float[]? into = null, StateGradientNorms[]? norms = null)
    {
        var batch = new PaddedBatch(input.T, input.Lengths);
        var (workspace, activations) = (new Workspace(), Stack.CreateActivations());
        batch.PackStates(input.H0, input.C0, activations.States);
        Stack.Forward(batch.Pack(input.X, _inputSize), batch.Layout, batch.Order, default, activations, workspace);
        var result = new Result(batch.Unpack(activations.Top.Span, Stack.OutputSize), batch.UnpackStates(activations.States, c: false), batch.UnpackStates(activations.States, c: true),
            [], [], [], activations.Traces[0].Gates.ToArray(), new Dictionary<string, float[]>());
        if (upstream is null) return result;

        batch.PackStates(upstream.HN, upstream.CN, activations.StateGradients);
        activations.GradientNorms = norms;
        var gradients = into ?? new float[Parameters.Length];
        var dx = new float[batch.Layout.Tokens * _inputSize];
        Stack.Backward(batch.Pack(upstream.Y, Stack.OutputSize), batch.Layout, batch.Order, default, activations, dx, gradients, workspace);
        return result with
        {
            DX = batch.Unpack(dx, _inputSize),
            DH0 = batch.UnpackStates(activations.StateGradients, c: false),
            DC0 = batch.UnpackStates(activations.StateGradients, c: true),
            Gradients = Parameters.Parameters.ToDictionary(p => p.Name, p => p.In(gradients).ToArray()),
        };
    }
}
