using System.Numerics.Tensors;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Tests.Kernels;
using Rnn.Tests.Models;

namespace Rnn.Tests.Layers;

/// <summary>A small embedding folded into the input product beside the same one looked up and multiplied.</summary>
public sealed class FoldedEmbeddingTests
{
    public static TheoryData<CellKind, bool, int> Shapes() => new MatrixTheoryData<CellKind, bool, int>(Enum.GetValues<CellKind>(), [false, true], [1, 3]);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Folded_or_not_outputs_and_gradients_are_the_same(CellKind cell, bool bidirectional, int perStep)
    {
        var config = new EncoderConfig { VocabularySize = 128, EmbeddingSize = 17, Cell = cell, HiddenSize = 21, Layers = 2, Bidirectional = bidirectional };
        var (folded, foldedGradients) = Run(config, perStep);
        // Dropout that is not in use does not change the mathematics, but keeps the embedding apart.
        var (plain, plainGradients) = Run(config with { EmbeddingDropout = 0.5f }, perStep);

        AssertClose(plain, folded);
        AssertClose(plainGradients, foldedGradients);
        Assert.Contains(foldedGradients, gradient => Math.Abs(gradient) > 1e-3);
    }

    private static (float[] Outputs, float[] Gradients) Run(EncoderConfig config, int perStep)
    {
        var parameters = new ParameterSet();
        var encoder = new SequenceEncoder(parameters, "", "rnn.", config, sharesEmbedding: true);
        parameters.Allocate();
        Widths.Random(parameters.Length, 1).CopyTo(parameters.Values);
        // Small enough that what is rounded off does not grow from step to step.
        TensorPrimitives.Multiply(parameters.Values.Span, 0.2f, parameters.Values.Span);
        encoder.Stack.Pack(training: true);
        var random = new Random(2);
        Sequence Draw(int steps) => Sequence.OfTokens([.. Enumerable.Range(0, steps * perStep).Select(_ => random.Next(6) == 0 ? Sequence.NoId : random.Next(128))], perStep);
        var (batch, activations, workspace, gradients) = (new Batch(), encoder.CreateActivations(), new Workspace(), new float[parameters.Length]);
        batch.Assign([Draw(9), Draw(9), Draw(4), Draw(1)], [0, 1, 2, 3]);
        encoder.Stack.ZeroStates(activations.Stack.States, 4, workspace);
        encoder.Forward(batch, null, activations, workspace);
        float[] outputs = activations.Stack.Top.ToArray();
        encoder.Stack.ZeroStates(activations.Stack.StateGradients, 4, workspace);
        encoder.Backward(Widths.Random(outputs.Length, 3), batch, null, activations, gradients, workspace);
        activations.Stack.Tables.MultiplyAll(gradients);
        return (outputs, gradients);
    }

    private static void AssertClose(float[] want, float[] got)
    {
        Assert.Equal(want.Length, got.Length);
        for (var i = 0; i < want.Length; i++) Assert.True(Math.Abs(want[i] - got[i]) <= 2e-5 * (1 + Math.Abs(want[i])), $"value {i}: {got[i]}, expected {want[i]}");
    }
}
