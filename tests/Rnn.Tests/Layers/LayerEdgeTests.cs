using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Tests.Kernels;

namespace Rnn.Tests.Layers;

/// <summary>What layers do at their borders: nothing to count, ties, masked classes, buffers that were used before.</summary>
public sealed class LayerEdgeTests
{
    [Fact]
    public void A_linear_layer_is_drawn_within_its_bound_but_a_tied_weight_belongs_to_its_owner()
    {
        var parameters = new ParameterSet();
        var own = new Linear(parameters, "own.", 3, 5);
        var tied = new Linear(parameters, "tied.", parameters.Add("table", [7, 3]));
        parameters.Allocate();
        parameters.Values.Span.Fill(9);
        var random = new RandomSource(1);
        own.Initialize(ref random);
        tied.Initialize(ref random);
        float[] Named(string name) => parameters.Parameters.Single(p => p.Name == name).Values.ToArray();

        Assert.Equal((3, 7), (tied.InputSize, tied.OutputSize));
        Assert.All(Named("own.weight"), w => Assert.InRange(Math.Abs(w), 0, Math.Sqrt(6.0 / (3 + 5))));
        Assert.All(Named("table"), w => Assert.Equal(9, w));
        Assert.All([.. Named("own.bias"), .. Named("tied.bias")], b => Assert.Equal(0, b));
    }

    [Fact]
    public void Every_weight_of_a_tied_head_with_a_projection_is_drawn_and_its_logits_scale()
    {
        var parameters = new ParameterSet();
        var head = new OutputHead(parameters, "fc.", inputSize: 4, outputs: 7, parameters.Add("table", [7, 3]));
        parameters.Allocate();
        var random = new RandomSource(1);
        head.Initialize(ref random);
        Assert.DoesNotContain(0f, parameters.Parameters.Single(p => p.Name == "fc.projection.weight").Values.ToArray());
        Assert.Equal((4, 7, 2), (head.InputSize, head.Outputs, head.Packables.Count()));

        Widths.Random(parameters.Length, 2).CopyTo(parameters.Values);
        float[] Logits()
        {
            foreach (var layer in head.Packables) layer.Pack(training: false);
            var logits = new float[14];
            head.Forward(Widths.Random(8, 3), 2, logits, new Workspace());
            return logits;
        }

        var before = Logits();
        head.Scale(parameters.Values.Span, 2);
        Assert.Equal(before.Select(l => 2 * l), Logits());
    }

    [Fact]
    public void An_embedding_is_drawn_with_a_spread_that_keeps_the_length_of_a_token_one()
    {
        var parameters = new ParameterSet();
        var encoder = new SequenceEncoder(parameters, "", "rnn.", new EncoderConfig { VocabularySize = 300, EmbeddingSize = 16, HiddenSize = 2 });
        parameters.Allocate();
        var random = new RandomSource(3);
        encoder.Initialize(ref random);
        Assert.Equal(1, encoder.Embedding!.Weight.Values.ToArray().Chunk(16).Average(row => row.Sum(w => w * w)), 0.1);
    }

    [Fact]
    public void A_row_that_is_never_trained_gets_no_gradient()
    {
        var parameters = new ParameterSet();
        var layer = new Embedding(parameters, "", 3, 2, paddingId: 1);
        parameters.Allocate();
        var gradients = new float[parameters.Length];
        layer.Backward([0, 1, 2, 1], 2, [1, 2, 3, 4], gradients);
        Assert.Equal([1, 2, 0, 0, 3, 4], gradients[..6]);
        layer.ClearGradient([0], gradients);
        Assert.Equal([0, 0, 0, 0, 3, 4], gradients[..6]);
    }

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(1000)]
    public void The_loss_of_many_classes_equals_the_formula(int classes)
    {
        var logits = Widths.Random(classes, 1, 4);
        Assert.Equal(Math.Log(logits.Sum(l => Math.Exp(l))) - logits[classes - 1], CrossEntropy.Loss(logits, classes - 1), 1e-5);
    }

    [Fact]
    public void A_class_at_minus_infinity_is_out_of_the_game()
    {
        float[] logits = [1, float.NegativeInfinity, 1];
        Assert.Equal(Math.Log(2), CrossEntropy.ForwardBackward(logits, 3, [0], smoothing: 0, scale: 1), 1e-6);
        Assert.Equal([-0.5f, 0, 0.5f], logits);
    }

    [Fact]
    public void Targets_that_do_not_count_have_neither_loss_nor_gradient_nor_weight()
    {
        float[] logits = [1, 2, 3, 4];
        Assert.Equal(0, CrossEntropy.ForwardBackward(logits, 2, [-1, -1], 0.1f, 1));
        Assert.All(logits, g => Assert.Equal(0, g));
        Assert.Equal(0, CrossEntropy.WeightSum([-1, -1]));
        Assert.Equal(2, CrossEntropy.WeightSum([0, -1, 1]));
        Assert.Equal(3.5, CrossEntropy.WeightSum([0, -1, 1], [0.5f, 3]));
    }

    [Theory]
    [InlineData(0.5f, 0.125, 0.5)]
    [InlineData(1f, 0.5, 1)]
    [InlineData(-3f, 2.5, -1)]
    public void Smooth_l1_is_a_line_from_beta_on(float difference, double loss, double slope)
    {
        float[] prediction = [difference + 2];
        Assert.Equal(loss, ElementwiseLoss.SmoothL1(prediction, [2], beta: 1), 1e-7);
        Assert.Equal(slope, prediction[0], 1e-7);
    }

    [Fact]
    public void Binary_cross_entropy_of_huge_logits_stays_finite()
    {
        float[] logits = [1000, -1000];
        Assert.Equal(1000, ElementwiseLoss.BinaryCrossEntropy(logits, [0, 1]));
        Assert.Equal([0.5f, -0.5f], logits);
    }

    [Fact]
    public void The_first_of_equal_maxima_gets_the_gradient_whatever_the_buffer_held()
    {
        var batch = new PaddedBatch(3, [3]);
        var (pooled, steps, dy) = (new float[2], new[] { 7, 7 }, new float[6]);
        Pooling.Forward(PoolingKind.Max, [5, 1, 5, 2, 4, 2], 2, batch.Layout, pooled, steps);
        Pooling.Backward(PoolingKind.Max, [1, 1], 2, batch.Layout, steps, dy);
        Assert.Equal([5, 2], pooled);
        Assert.Equal([0, 1], steps);
        Assert.Equal([1, 0, 0, 1, 0, 0], dy);
    }

    [Fact]
    public void The_final_states_of_both_directions_stand_side_by_side()
    {
        CellState[] Top(params float[][] h) => [.. h.Select(values => new CellState(values, default))];
        var pooled = new float[8];
        Pooling.LastForward(Top([1, 2, 3, 4], [5, 6, 7, 8]), 2, 2, pooled);
        Assert.Equal([1, 2, 5, 6, 3, 4, 7, 8], pooled);
        var gradients = Top([1, 1, 1, 1], [2, 2, 2, 2]);
        Pooling.LastBackward(pooled, 2, 2, gradients);
        Assert.Equal([2, 3, 4, 5], gradients[0].H.ToArray());
        Assert.Equal([7, 8, 9, 10], gradients[1].H.ToArray());
    }

    [Fact]
    public void Dropout_of_rows_follows_the_row_and_not_its_place()
    {
        const int Features = 50;
        var (both, swapped) = (Enumerable.Repeat(1f, 2 * Features).ToArray(), Enumerable.Repeat(1f, 2 * Features).ToArray());
        new Dropout(0.5f, 1).Apply(both, Features, [3, 8]);
        new Dropout(0.5f, 1).Apply(swapped, Features, [8, 3]);
        Assert.Equal(both[..Features], swapped[Features..]);
        Assert.Equal(both[Features..], swapped[..Features]);
        Assert.NotEqual(both[..Features], both[Features..]);
        Assert.All(both, v => Assert.True(v is 0 or 2, $"{v} is neither 0 nor 2"));
        // Each value decides for itself: no two of the four that share a random number always agree.
        for (var shift = 1; shift < 4; shift++) Assert.Contains(Enumerable.Range(0, Features / 4), i => both[4 * i] != both[4 * i + shift]);
    }

    [Fact]
    public void A_stack_without_layers_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecurrentStack(new ParameterSet(), "", CellKind.Gru, 2, 2, layers: 0, bidirectional: false));

    /// <summary>One table holds the states of all rows of a data set; a batch takes its rows out and puts them back.</summary>
    [Theory]
    [InlineData(CellKind.Lstm, 16)]
    [InlineData(CellKind.Gru, 8)]
    [InlineData(CellKind.RnnTanh, 8)]
    public void States_go_to_the_table_and_come_back(CellKind kind, int size)
    {
        var stack = new RecurrentStack(new ParameterSet(), "", kind, 2, hiddenSize: 2, layers: 2, bidirectional: true);
        Assert.Equal(size, stack.StateSize);
        var (table, workspace, states) = (Widths.Random(3 * size, 1), new Workspace(), stack.CreateActivations().States);
        stack.LoadStates(table, size, [2, 0], states, workspace);
        Assert.Equal(table.AsSpan(2 * size, 2), states[0].H.Span[..2]);
        Assert.Equal(table.AsSpan(0, 2), states[0].H.Span[2..]);
        if (kind == CellKind.Lstm) Assert.Equal(table.AsSpan(2, 2), states[0].C.Span[2..]);
        var back = new float[table.Length];
        stack.StoreStates(back, size, [2, 0], states);
        Assert.Equal([.. table[..size], .. new float[size], .. table[(2 * size)..]], back);
    }

    /// <summary>A table whose gradient another layer also writes is not left for later.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_gradient_of_a_shared_table_comes_at_once_and_that_of_a_sparse_one_when_asked(bool shared)
    {
        var parameters = new ParameterSet();
        var encoder = new SequenceEncoder(parameters, "", "rnn.", new EncoderConfig { VocabularySize = 200, EmbeddingSize = 3, Cell = CellKind.RnnTanh, HiddenSize = 4 }, shared);
        parameters.Allocate();
        Widths.Random(parameters.Length, 1).CopyTo(parameters.Values);
        encoder.Stack.Pack(training: true);
        var (batch, activations, workspace, gradients) = (new Batch(), encoder.CreateActivations(), new Workspace(), new float[parameters.Length]);
        batch.Assign([Sequence.OfTokens([1, 4, 1])], [0]);
        encoder.Stack.ZeroStates(activations.Stack.States, 1, workspace);
        encoder.Forward(batch, null, activations, workspace);
        encoder.Stack.ZeroStates(activations.Stack.StateGradients, 1, workspace);
        encoder.Backward(Enumerable.Repeat(1f, 12).ToArray(), batch, 0, activations, gradients, workspace);
        int[] Touched() => [.. encoder.Embedding!.Weight.In(gradients).ToArray().Chunk(3).Select((row, id) => (row, id)).Where(r => r.row.Any(g => g != 0)).Select(r => r.id)];

        Assert.Equal(shared ? [1, 4] : [], Touched());
        var once = gradients.ToArray();
        encoder.AddSparseGradient(batch, activations, gradients);
        Assert.Equal([1, 4], Touched());
        if (shared) Assert.Equal(once, gradients);
        encoder.ClearSparseGradient(batch, gradients);
        Assert.Equal(shared ? [1, 4] : [], Touched());
    }

    /// <summary>The backward pass takes the same mask: nothing for a dropped feature, its own slope for a kept one.</summary>
    [Fact]
    public void The_gradient_of_an_embedded_token_went_through_the_mask()
    {
        const int Size = 12;
        var parameters = new ParameterSet();
        var encoder = new SequenceEncoder(parameters, "", "rnn.", new EncoderConfig { VocabularySize = 2, EmbeddingSize = Size, Cell = CellKind.RnnTanh, HiddenSize = 4, EmbeddingDropout = 0.5f });
        parameters.Allocate();
        Widths.Random(parameters.Length, 1, 0.3).CopyTo(parameters.Values);
        encoder.Stack.Pack(training: true);
        var (batch, activations, workspace, gradients) = (new Batch(), encoder.CreateActivations(), new Workspace(), new float[parameters.Length]);
        batch.Assign([Sequence.OfTokens([1])], [0]);
        double Sum()
        {
            encoder.Stack.ZeroStates(activations.Stack.States, 1, workspace);
            encoder.Forward(batch, dropoutKey: 5, activations, workspace);
            return activations.Stack.Top.ToArray().Sum(y => (double)y);
        }

        Sum();
        bool[] dropped = [.. activations.Stack.Outputs[0].ToArray().Select(x => x == 0)];
        Assert.Contains(true, dropped);
        Assert.Contains(false, dropped);
        encoder.Stack.ZeroStates(activations.Stack.StateGradients, 1, workspace);
        encoder.Backward(new float[] { 1, 1, 1, 1 }, batch, 5, activations, gradients, workspace);
        encoder.AddSparseGradient(batch, activations, gradients);
        var (row, dRow) = (encoder.Embedding!.Weight.Values.Slice(Size, Size), encoder.Embedding.Weight.In(gradients)[Size..].ToArray());
        for (var j = 0; j < Size; j++)
        {
            double At(float by)
            {
                row.Span[j] += by;
                var sum = Sum();
                row.Span[j] -= by;
                return sum;
            }

            Assert.Equal(dropped[j], dRow[j] == 0);
            Assert.Equal((At(0.01f) - At(-0.01f)) / 0.02, dRow[j], 2e-3);
        }
    }
}
