namespace Rnn.Data;

/// <summary>Inputs and what a network should answer to each, ready to train on or to be measured with.</summary>
public sealed class ExampleSet
{
    /// <summary>Stands where there is nothing to answer.</summary>
    public const int NoTarget = -1;

    /// <summary>
    /// Pairs inputs with targets: one class, a class for every step, or the tokens to emit, as the network has it. A negative target does not count.
    /// </summary>
    /// <param name="inputs">What the network reads.</param>
    /// <param name="targets">What it should answer, at least one per input; empty where it is not known.</param>
    /// <param name="lanes">0 for examples that do not depend on each other; else the examples are windows of a stream, row <c>window · lanes + lane</c>, and the state is carried from window to window.</param>
    /// <exception cref="ArgumentException">Different lengths.</exception>
    public ExampleSet(IReadOnlyList<Sequence> inputs, IReadOnlyList<ReadOnlyMemory<int>> targets, int lanes = 0)
    {
        if (inputs.Count != targets.Count) throw new ArgumentException($"{inputs.Count} inputs but {targets.Count} targets.", nameof(targets));
        if (lanes > 0 && inputs.Count % lanes != 0) throw new ArgumentException($"{inputs.Count} windows do not fill {lanes} lanes.", nameof(lanes));
        Inputs = inputs;
        Targets = targets;
        Lanes = lanes;
    }

    /// <summary>What the network reads.</summary>
    public IReadOnlyList<Sequence> Inputs { get; }

    /// <summary>What it should answer.</summary>
    public IReadOnlyList<ReadOnlyMemory<int>> Targets { get; }

    /// <summary>Parallel lanes of a stream; 0 for independent examples.</summary>
    public int Lanes { get; }

    /// <summary>Number of examples.</summary>
    public int Count => Inputs.Count;

    /// <summary>One class per sequence.</summary>
    public static ExampleSet OfClasses(IReadOnlyList<Sequence> inputs, IReadOnlyList<int> classes) =>
        new(inputs, [.. classes.Select(label => new ReadOnlyMemory<int>([label]))]);

    /// <summary>Inputs whose targets are to be found.</summary>
    public static ExampleSet Unlabelled(IReadOnlyList<Sequence> inputs) => new(inputs, new ReadOnlyMemory<int>[inputs.Count]);

    /// <summary>The one target of a row, or <see cref="NoTarget"/>.</summary>
    internal int ClassOf(int row) => Targets[row].IsEmpty ? NoTarget : Targets[row].Span[0];

    /// <summary>What rows are sorted by, so that a batch holds little of different length: first the targets, then the input.</summary>
    internal (int Targets, int Steps) LengthOf(int row) => (Targets[row].Length, Inputs[row].Steps);
}
