using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>What one thread needs to run a <see cref="SequenceClassifier"/>: the batch, scratch memory and what the backward pass reads. Reused from step to step.</summary>
public sealed class ClassifierPass
{
    private int[] _maximumSteps = [];

    internal ClassifierPass(StackActivations stack) => Stack = stack;

    /// <summary>The rows to run; assign before each pass.</summary>
    public Batch Batch { get; } = new();

    internal Workspace Workspace { get; } = new();

    internal StackActivations Stack { get; }

    /// <summary>Pooled features <c>[rows, directions · H]</c>, after dropout.</summary>
    internal Memory<float> Pooled { get; set; }

    internal Memory<float> Logits { get; set; }

    /// <summary>Gradient of the embedded input <c>[tokens, E]</c>.</summary>
    internal Memory<float> InputGradient { get; set; }

    /// <summary>Room for the step that max pooling chose, per row and feature.</summary>
    internal Span<int> MaximumSteps(int length)
    {
        if (_maximumSteps.Length < length) _maximumSteps = new int[length];
        return _maximumSteps.AsSpan(0, length);
    }
}
