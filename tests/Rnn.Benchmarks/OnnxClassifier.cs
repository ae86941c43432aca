using Microsoft.ML.OnnxRuntime;
using Rnn.Data;

namespace Rnn.Benchmarks;

/// <summary>A batch of equally long token sequences in ONNX Runtime, in buffers that are kept; the session may be shared.</summary>
internal sealed class OnnxClassifier : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly string[] _inputNames = ["x"], _outputNames = ["logits"];
    private readonly OrtValue[] _inputs, _outputs;
    private readonly long[] _ids;
    private readonly float[] _logits;

    public OnnxClassifier(InferenceSession session, int outputs, int steps, int rows)
    {
        _session = session;
        (_ids, _logits) = (new long[steps * rows], new float[rows * outputs]);
        _inputs = [OrtValue.CreateTensorValueFromMemory(_ids, [steps, rows])];
        _outputs = [OrtValue.CreateTensorValueFromMemory(_logits, [rows, outputs])];
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
    }
}
