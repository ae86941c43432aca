using Rnn.Cells;
using Rnn.Tensors;

namespace Rnn.Benchmarks;

/// <summary>A recurrence, how it starts and how it is trained.</summary>
internal sealed record MemoryContestant(string Name, string Title, CellKind Cell)
{
    public static IReadOnlyList<MemoryContestant> All { get; } =
    [
        new("tanh", "tanh, orthogonal", CellKind.RnnTanh) { LearningRate = 3e-4 },
        new("relu", "ReLU, identity", CellKind.RnnRelu) { RecurrentInit = RecurrentInit.Identity, InputDeviation = 0.001, LearningRate = 1e-3 },
        new("lstm", "LSTM, forget bias 1", CellKind.Lstm) { LearningRate = 1e-2 },
        new("lstm-chrono", "LSTM, chrono", CellKind.Lstm) { IsChrono = true, LearningRate = 5e-3 },
        new("gru", "GRU", CellKind.Gru) { LearningRate = 1e-2 },
        new("gru-chrono", "GRU, chrono", CellKind.Gru) { IsChrono = true, LearningRate = 5e-3 },
    ];

    /// <summary>How the recurrent matrix is drawn.</summary>
    public RecurrentInit RecurrentInit { get; init; } = RecurrentInit.Orthogonal;

    /// <summary>What the recurrent matrix is multiplied by at the start.</summary>
    public float Gain { get; init; } = 1;

    /// <summary>Bias of an LSTM's forget gate, unless it is chrono.</summary>
    public float ForgetBias { get; init; } = 1;

    /// <summary>Deviation of normal input weights (Le et al. 2015: 0.001); 0 draws them after Glorot.</summary>
    public double InputDeviation { get; init; }

    /// <summary>Whether forget biases are chrono for the task's length instead of 1.</summary>
    public bool IsChrono { get; init; }

    /// <summary>Sequences per update, a multiple of a shard's 16.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>The best on adding at T = 100 of those tried from 3e-4 to 1e-2 (ReLU: at T = 200; chrono: on recall at T = 200, not solved at 1e-2).</summary>
    public required double LearningRate { get; init; }

    /// <summary>Updates over which the rate rises.</summary>
    public long WarmupSteps { get; init; } = 50;

    /// <summary>Largest norm of the whole gradient.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Draws weights and sequences.</summary>
    public ulong Seed { get; init; } = 1;
}
