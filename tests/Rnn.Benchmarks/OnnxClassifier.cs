using Microsoft.ML.OnnxRuntime;
using Rnn.Data;
using Rnn.Models;

namespace Rnn.Benchmarks;

/// <summary>A batch of equally long token sequences in ONNX Runtime, in buffers that are kept.</summary>
internal sealed class OnnxClassifier : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly string[] _inputNames = ["x"], _outputNames = ["logits"];
    private readonly OrtValue[] _inputs, _outputs;
    private readonly long[] _ids;
    private readonly float[] _logits;

    public OnnxClassifier(Network network, int steps, int rows)
    {
        _session = OnnxLstm.Session(network, stepwise: false);
        (_ids, _logits) = (new long[steps * rows], new float[rows * network.Outputs]);
        _inputs = [OrtValue.CreateTensorValueFromMemory(_ids, [steps, rows])];
        _outputs = [OrtValue.CreateTensorValueFromMemory(_logits, [rows, network.Outputs])];
    }

    /// <summary>The logits <c>[rows, classes]</c>.</summary>
    public ReadOnlySpan<float> Classify(IReadOnlyList<Sequence> inputs)
    {
        for (var row = 0; row < inputs.Count; row++)
        {
            var ids = inputs[row].Ids.Span;
            for (var t = 0; t < ids.Length; t++) _ids[(t * inputs.Count) + row] = ids[t];
        }

        _session.Run(_options, _inputNames, _inputs, _outputNames, _outputs);
        return _logits;
    }

    public void Dispose()
    {
        foreach (var value in _inputs.Concat(_outputs)) value.Dispose();
        _options.Dispose();
        _session.Dispose();
    }
}
