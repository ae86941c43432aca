using Rnn.Cells;
using Rnn.Models;

namespace Rnn.Tests.Models;

/// <summary>What a backward pass leaves to its caller, all in one thread.</summary>
internal static class LateGradients
{
    public static void AddLateGradients(this NetworkPass pass, Span<float> gradients)
    {
        pass.Tables.MultiplyAll(gradients);
        pass.AddSparseGradients(gradients);
    }

    public static void MultiplyAll(this IReadOnlyList<RecurrentCell.TableGradient> tables, Span<float> gradients)
    {
        for (var part = 0; part < RecurrentCell.TableGradient.Parts; part++)
            foreach (var table in tables) table.Multiply(part, gradients);
    }
}
