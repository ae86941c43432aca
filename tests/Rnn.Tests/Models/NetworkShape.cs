using FsCheck;
using FsCheck.Fluent;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Layers;

namespace Rnn.Tests.Models;

/// <summary>Sizes of a network and of a batch for it, drawn at random; one row, one step, rows of one length and widths that fill no vector are frequent.</summary>
/// <param name="Cell">The recurrence.</param>
/// <param name="Hidden">H.</param>
/// <param name="Inputs">Embedding or frame size.</param>
/// <param name="Layers">One or two.</param>
/// <param name="Flag">Two directions, tied weights, ReLU: what the model has two of.</param>
/// <param name="Tokens">Tokens, not frames.</param>
/// <param name="Pooling">Of a classifier.</param>
/// <param name="Lengths">Steps of each row, descending.</param>
/// <param name="Seed">Draws weights, inputs and targets.</param>
internal sealed record NetworkShape(CellKind Cell, int Hidden, int Inputs, int Layers, bool Flag, bool Tokens, PoolingKind Pooling, int[] Lengths, int Seed)
{
    public const int Vocabulary = 11;

    /// <summary>Whether dropout takes the same features at all steps of a row.</summary>
    public bool Variational { get; init; }

    public static Arbitrary<NetworkShape> Any { get; } = (
        from cell in Gen.Elements(Enum.GetValues<CellKind>())
        from hidden in Gen.Elements(1, 3, 4, 7, 8, 15, 17, 33)
        from inputs in Gen.Choose(1, 9)
        from layers in Gen.Choose(1, 2)
        from flag in Gen.Elements(true, false)
        from tokens in Gen.Elements(true, false)
        from pooling in Gen.Elements(Enum.GetValues<PoolingKind>())
        from rows in Gen.Frequency((1, Gen.Constant(1)), (3, Gen.Choose(2, 10)))
        from longest in Gen.Frequency((1, Gen.Constant(1)), (3, Gen.Choose(2, 8)))
        from isEven in Gen.Elements(true, false, false)
        from lengths in Gen.ArrayOf(isEven ? Gen.Constant(longest) : Gen.Choose(1, longest), rows)
        from seed in Gen.Choose(1, 1 << 20)
        select new NetworkShape(cell, hidden, inputs, layers, flag, tokens, pooling, [.. lengths.OrderDescending()], seed)).ToArbitrary();

    public EncoderConfig Encoder(bool? tokens = null, bool? bidirectional = null, float dropout = 0) => new()
    {
        VocabularySize = tokens ?? Tokens ? Vocabulary : 0,
        FeatureSize = tokens ?? Tokens ? 0 : Inputs,
        EmbeddingSize = Inputs,
        Cell = Cell,
        HiddenSize = Hidden,
        Layers = Layers,
        Bidirectional = bidirectional ?? Flag,
        Dropout = dropout,
        EmbeddingDropout = dropout,
        VariationalDropout = Variational,
    };

    /// <summary>A sequence for every length: tokens of one or two ids a step, or frames.</summary>
    public Sequence[] Sequences(bool? tokens = null)
    {
        var (random, width) = (new Random(Seed), 1 + Seed % 2);
        // NoId stands for no n-gram and never for the token itself.
        Sequence Of(int steps) => tokens ?? Tokens
            ? Sequence.OfTokens([.. Enumerable.Range(0, steps * width).Select(i => i % width == 0 ? random.Next(Vocabulary) : random.Next(-1, Vocabulary))], width)
            : Sequence.OfFrames(Kernels.Widths.Random(steps * Inputs, random.Next()), Inputs);
        return [.. Lengths.Select(Of)];
    }

    /// <summary>One vector a row.</summary>
    public Sequence[] Vectors() => [.. Lengths.Select((_, n) => Sequence.OfFrames(Kernels.Widths.Random(Inputs, Seed + n), Inputs))];

    /// <summary>Targets below <paramref name="outputs"/>, as many a row as asked; with <paramref name="gaps"/> some do not count.</summary>
    public ReadOnlyMemory<int>[] Targets(int outputs, Func<int, int> count, bool gaps = false)
    {
        var random = new Random(Seed + 1);
        return [.. Lengths.Select(length => new ReadOnlyMemory<int>([.. Enumerable.Range(0, count(length)).Select(_ => gaps && random.Next(5) == 0 ? ExampleSet.NoTarget : random.Next(outputs))]))];
    }
}
