namespace Rnn.Data;

/// <summary>Labelled sequences, ready to train on or to be measured with.</summary>
public sealed class SequenceSet
{
    /// <summary>Pairs inputs with labels: class numbers from 0.</summary>
    /// <exception cref="ArgumentException">Different lengths.</exception>
    public SequenceSet(IReadOnlyList<Sequence> inputs, int[] labels)
    {
        if (inputs.Count != labels.Length) throw new ArgumentException($"{inputs.Count} inputs but {labels.Length} labels.", nameof(labels));
        Inputs = inputs;
        Labels = labels;
        Lengths = [.. inputs.Select(input => input.Steps)];
    }

    /// <summary>The sequences.</summary>
    public IReadOnlyList<Sequence> Inputs { get; }

    /// <summary>The class of each.</summary>
    public IReadOnlyList<int> Labels { get; }

    /// <summary>The steps of each.</summary>
    public IReadOnlyList<int> Lengths { get; }

    /// <summary>Number of sequences.</summary>
    public int Count => Labels.Count;
}
