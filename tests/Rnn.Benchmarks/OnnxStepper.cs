using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Rnn.Models;

namespace Rnn.Benchmarks;

/// <summary>One sequence in ONNX Runtime, step by step: two sets of buffers, of which each step reads one and writes the other; nothing is made anew.</summary>
internal sealed class OnnxStepper : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly string[] _inputNames = ["x", "h0", "c0"], _outputNames = ["logits", "hn", "cn"];
    private readonly OrtValue[][] _inputs, _outputs;
    private readonly long[] _token = new long[1];
    private readonly float[] _frame;
    private readonly float[] _logits;
    private int _turn;

    public OnnxStepper(Network network, int hidden, int features)
    {
        _session = OnnxLstm.Session(network, stepwise: true);
        (_frame, _logits) = (new float[features], new float[network.Outputs]);
        var x = features == 0 ? OrtValue.CreateTensorValueFromMemory(_token, [1, 1]) : OrtValue.CreateTensorValueFromMemory(_frame, [1, 1, features]);
        OrtValue[] states = [.. Enumerable.Range(0, 4).Select(_ => OrtValue.CreateTensorValueFromMemory(new float[hidden], [1, 1, hidden]))];
        var logits = OrtValue.CreateTensorValueFromMemory(_logits, [1, network.Outputs]);
        _inputs = [[x, states[0], states[1]], [x, states[2], states[3]]];
        _outputs = [[logits, states[2], states[3]], [logits, states[0], states[1]]];
    }

    /// <summary>Reads a token.</summary>
    public ReadOnlySpan<float> Next(int token)
    {
        _token[0] = token;
        return Run();
    }

    /// <summary>Reads a frame.</summary>
    public ReadOnlySpan<float> Next(ReadOnlySpan<float> frame)
    {
        frame.CopyTo(_frame);
        return Run();
    }

    /// <summary>Reads the token that was the most probable.</summary>
    public void NextGreedy() => Next(TensorPrimitives.IndexOfMax<float>(_logits));

    public void Dispose()
    {
        foreach (var value in _inputs.Concat(_outputs).SelectMany(values => values).Distinct()) value.Dispose();
        _options.Dispose();
        _session.Dispose();
    }

    private ReadOnlySpan<float> Run()
    {
        _session.Run(_options, _inputNames, _inputs[_turn], _outputNames, _outputs[_turn]);
        _turn = 1 - _turn;
        return _logits;
    }
}
