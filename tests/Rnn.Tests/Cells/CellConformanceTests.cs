using Rnn.Cells;
using Rnn.Layers;
using Rnn.Tensors;
using Rnn.Tests.Kernels;
using Rnn.Tests.Layers;
using Rnn.Tests.Oracle;

namespace Rnn.Tests.Cells;

/// <summary>What every cell promises, asked of every cell there is; a new member of <see cref="CellKind"/> is asked by itself.</summary>
public sealed class CellConformanceTests
{
    public static TheoryData<CellKind> Cells() => [.. Enum.GetValues<CellKind>()];

    public static MatrixTheoryData<CellKind, int> CellsAndSeeds() => new(Enum.GetValues<CellKind>(), Enumerable.Range(1, 12));

    /// <summary>A stack and an input of random shape: one row and one step, odd widths, mixed lengths, one to two layers and directions all occur.</summary>
    private static (StackRig Rig, StackRig.Input Input, StackRig.Upstream Upstream, int Layers, bool Bidirectional) Draw(
        CellKind kind, int seed, int? layers = null, bool? bidirectional = null, (int Steps, int Rows)? size = null)
    {
        var random = new Random(seed * 31 + (int)kind);
        var (depth, both) = (layers ?? 1 + random.Next(2), bidirectional ?? random.Next(2) == 1);
        var (steps, rows) = (seed % 4 == 0 ? 1 : 2 + random.Next(8), seed % 3 == 0 ? 1 : 2 + random.Next(9));
        (steps, rows) = size ?? (steps, rows);
        var (inputs, hidden) = (1 + random.Next(20), new[] { 1, 3, 5, 8, 15, 17, 20 }[random.Next(7)]);
        var lengths = Enumerable.Range(0, rows).Select(_ => 1 + random.Next(steps)).ToArray();
        var rig = new StackRig(kind, inputs, hidden, depth, both, bias: seed % 5 != 0);
        rig.Fill(seed, 0.6);
        var states = depth * (both ? 2 : 1) * rows * hidden;
        float[] Cell(int salt) => kind == CellKind.Lstm ? Widths.Random(states, seed + salt) : [];
        var input = new StackRig.Input(steps, rows, lengths, Widths.Random(steps * rows * inputs, seed + 100), Widths.Random(states, seed + 101), Cell(102));
        var upstream = new StackRig.Upstream(Widths.Random(steps * rows * rig.Stack.OutputSize, seed + 103), Widths.Random(states, seed + 104), Cell(105));
        return (rig, input, upstream, depth, both);
    }

    [Theory]
    [MemberData(nameof(CellsAndSeeds))]
    public void Outputs_and_gradients_equal_the_oracles(CellKind kind, int seed) => EqualTheOracles(kind, Draw(kind, seed));

    /// <summary>Gradients are summed some tokens at a time, of which more than one step's are over here, at either end.</summary>
    [Theory]
    [MemberData(nameof(Cells))]
    public void Sums_over_many_tokens_equal_the_oracles(CellKind kind) => EqualTheOracles(kind, Draw(kind, 2, layers: 1, bidirectional: true, size: (20, 50)));

    private static void EqualTheOracles(CellKind kind, (StackRig Rig, StackRig.Input Input, StackRig.Upstream Upstream, int Layers, bool Bidirectional) drawn)
    {
        var (rig, input, upstream, layers, bidirectional) = drawn;
        var got = rig.Run(input, upstream);

        var tape = new Tape();
        var parameters = rig.Parameters.Parameters.ToDictionary(p => p.Name, p => OracleTensor.Of(tape, [.. p.Shape], p.Values.ToArray()));
        int[] stateShape = [rig.Stack.Cells.Count, input.N, rig.Stack.Cells[0].HiddenSize];
        var x = OracleTensor.Of(tape, [input.T, input.N, rig.Stack.Cells[0].InputSize], input.X);
        var h0 = OracleTensor.Of(tape, stateShape, input.H0);
        var c0 = kind == CellKind.Lstm ? OracleTensor.Of(tape, stateShape, input.C0) : null;
        var scan = OracleCells.Sequence(StackRig.Name(kind), parameters, "", x, h0, c0, layers, bidirectional, input.Lengths);
        var loss = scan.Y.Dot(upstream.Y.Select(v => (double)v)) + scan.HN.Dot(upstream.HN.Select(v => (double)v));
        if (scan.CN is not null) loss += scan.CN.Dot(upstream.CN.Select(v => (double)v));
        tape.Backward(loss);

        Close("y", scan.Y.Values, got.Y);
        Close("h_n", scan.HN.Values, got.HN);
        if (scan.CN is not null) Close("c_n", scan.CN.Values, got.CN);
        Close("dx", x.Gradients, got.DX);
        Close("dh0", h0.Gradients, got.DH0);
        if (c0 is not null) Close("dc0", c0.Gradients, got.DC0);
        foreach (var (name, tensor) in parameters) Close($"d{name}", tensor.Gradients, got.Gradients[name]);
    }

    /// <summary>Relative to the largest value of the tensor: sums of many terms cancel.</summary>
    private static void Close(string what, double[] want, float[] got) =>
        Golden.GoldenResult.AssertClose(what, want, [.. got.Select(v => (double)v)], 1e-5, 1e-5 * Math.Max(1, want.Max(Math.Abs)));

    [Theory]
    [MemberData(nameof(Cells))]
    public void Step_by_step_equals_the_sequence(CellKind kind)
    {
        var (rig, input, _, _, _) = Draw(kind, 7, bidirectional: false);
        input = input with { Lengths = [.. Enumerable.Repeat(input.T, input.N)] };
        var whole = rig.Run(input);

        var (h, c) = (input.H0, input.C0);
        for (var t = 0; t < input.T; t++)
        {
            var step = rig.Run(new(1, input.N, [.. Enumerable.Repeat(1, input.N)], Part(input.X, t, input.T), h, c));
            Widths.AssertSameBits(Part(whole.Y, t, input.T), step.Y, $"y at step {t}");
            (h, c) = (step.HN, step.CN);
        }

        Widths.AssertSameBits(whole.HN, h, "h_n");
        Widths.AssertSameBits(whole.CN, c, "c_n");
    }

    private static float[] Part(float[] all, int index, int parts) => all[(index * all.Length / parts)..((index + 1) * all.Length / parts)];

    [Theory]
    [MemberData(nameof(CellsAndSeeds))]
    public void A_row_alone_has_the_bits_it_has_among_others(CellKind kind, int seed)
    {
        var (rig, input, upstream, _, _) = Draw(kind, seed);
        var together = rig.Run(input, upstream);
        for (var row = 0; row < input.N; row++)
        {
            var length = input.Lengths[row];
            float[] Of(float[] all, int groups, int keep) => [.. Enumerable.Range(0, keep).SelectMany(g => Part(Part(all, g, groups), row, input.N))];
            var states = rig.Stack.Cells.Count;
            var alone = rig.Run(
                new(length, 1, [length], Of(input.X, input.T, length), Of(input.H0, states, states), Of(input.C0, states, states)),
                new(Of(upstream.Y, input.T, length), Of(upstream.HN, states, states), Of(upstream.CN, states, states)));
            Widths.AssertSameBits(Of(together.Y, input.T, length), alone.Y, $"y of row {row}");
            Widths.AssertSameBits(Of(together.HN, states, states), alone.HN, $"h_n of row {row}");
            Widths.AssertSameBits(Of(together.DX, input.T, length), alone.DX, $"dx of row {row}");
            Widths.AssertSameBits(Of(together.DH0, states, states), alone.DH0, $"dh0 of row {row}");
            Widths.AssertSameBits(Of(together.DC0, states, states), alone.DC0, $"dc0 of row {row}");
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Backward_accumulates(CellKind kind)
    {
        var (rig, input, upstream, _, _) = Draw(kind, 5);
        var once = rig.Run(input, upstream);
        var buffer = new float[rig.Parameters.Length];
        rig.Run(input, upstream, buffer);
        var twice = rig.Run(input, upstream, buffer);
        foreach (var (name, gradient) in once.Gradients)
            Close(name, [.. gradient.Select(v => 2.0 * v)], twice.Gradients[name]);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_sequence_without_steps_is_refused_with_the_sizes(CellKind kind)
    {
        var (rig, input, _, _, _) = Draw(kind, 2);
        input.Lengths[^1] = 0;
        var error = Assert.Throws<ArgumentException>(() => rig.Run(input));
        Assert.Contains($"Row {input.N - 1} has length 0", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Saved_and_loaded_it_gives_the_same_bits(CellKind kind)
    {
        var (rig, input, _, layers, bidirectional) = Draw(kind, 6);
        var stream = new MemoryStream();
        SafeTensors.Write(stream, rig.Parameters.AsTensors(rig.Parameters.Values));
        stream.Position = 0;
        var cell = rig.Stack.Cells[0];
        var other = new StackRig(kind, cell.InputSize, cell.HiddenSize, layers, bidirectional);
        other.Parameters.CopyFrom(SafeTensors.Read(stream), other.Parameters.Values);
        other.Stack.Pack(training: false);

        var (want, got) = (rig.Run(input), other.Run(input));
        Widths.AssertSameBits(want.Y, got.Y, "y");
        Widths.AssertSameBits(want.HN, got.HN, "h_n");
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_forked_state_is_independent(CellKind kind)
    {
        var (rig, input, _, _, _) = Draw(kind, 8, layers: 1, bidirectional: false);
        input = input with { T = 1, Lengths = [.. Enumerable.Repeat(1, input.N)], X = Part(input.X, 0, input.T) };
        var (cell, layout, workspace) = (rig.Stack.Cells[0], new SequenceLayout(), new Workspace());
        layout.Assign(input.Lengths);
        CellState Copy(CellState s) => new(s.H.ToArray(), s.C.IsEmpty ? default : s.C.ToArray());
        void Advance(CellState s, float[] x) => cell.Forward(x, layout, reverse: false, s, new float[input.N * cell.HiddenSize], cell.HiddenSize, workspace);

        var original = new CellState(input.H0, input.C0);
        Advance(original, input.X);
        var (snapshot, fork) = (Copy(original), Copy(original));
        Advance(fork, [.. input.X.Select(v => -v)]);
        Widths.AssertSameBits(snapshot.H.Span, original.H.Span, "h of the original after the fork went on");

        var again = Copy(snapshot);
        Advance(original, input.X);
        Advance(again, input.X);
        Widths.AssertSameBits(original.H.Span, again.H.Span, "h continued from the snapshot");
        Assert.False(fork.H.Span.SequenceEqual(original.H.Span));
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Packed_for_inference_it_refuses_to_go_backward(CellKind kind)
    {
        var rig = new StackRig(kind, 3, 4);
        rig.Stack.Pack(training: false);
        var states = new float[8];
        var c = kind == CellKind.Lstm ? states : [];
        Assert.Throws<InvalidOperationException>(() => rig.Run(new(1, 2, [1, 1], new float[6], states, c), new(new float[8], states, c)));
    }
}
