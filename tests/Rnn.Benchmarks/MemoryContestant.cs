using Rnn.Cells;
using Rnn.Tensors;

namespace Rnn.Benchmarks;

/// <summary>A recurrence, how it starts and how it is trained.</summary>
internal sealed record MemoryContestant(string Name, string Title, CellKind Cell)
{
    public static IReadOnlyList<MemoryContestant> All { get; } =
    [
        new("tanh", "tanh, orthogonal", CellKind.RnnTanh),
        new("relu", "ReLU, identity", CellKind.RnnRelu) { RecurrentInit = RecurrentInit.Identity, InputDeviation = 0.001 },
        new("lstm", "LSTM, forget bias 1", CellKind.Lstm),
        new("lstm-chrono", "LSTM, chrono", CellKind.Lstm) { IsChrono = true },
        new("gru", "GRU", CellKind.Gru),
        new("gru-chrono", "GRU, chrono", CellKind.Gru) { IsChrono = true },
    ];

    /// <summary>How the recurrent matrix is drawn.</summary>
    public RecurrentInit RecurrentInit { get; init; } = RecurrentInit.Orthogonal;

    /// <summary>Deviation of normal input weights (Le et al. 2015: 0.001); 0 draws them after Glorot.</summary>
    public double InputDeviation { get; init; }

    /// <summary>Whether forget biases are chrono for the task's length instead of 1.</summary>
    public bool IsChrono { get; init; }

    /// <summary>Sequences per update, a multiple of a shard's 16.</summary>
    public int BatchSize { get; init; } = 32;

    public double LearningRate { get; init; } = 5e-3;

    public long WarmupSteps { get; init; } = 50;

    public double ClipNorm { get; init; } = 1;

    /// <summary>Draws weights and sequences.</summary>
    public ulong Seed { get; init; } = 1;
}
