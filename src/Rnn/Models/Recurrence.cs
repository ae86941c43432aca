using Rnn.Cells;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>A stack of recurrent layers in a pass, and what the pass left in it.</summary>
/// <param name="Part">Its place in a network that has several, else null.</param>
/// <param name="Stack">The layers.</param>
/// <param name="Activations">Of the pass.</param>
/// <param name="Layout">Of the sequences it scans.</param>
internal sealed record Recurrence(string? Part, RecurrentStack Stack, StackActivations Activations, SequenceLayout Layout)
{
    /// <summary>Directions of the stack.</summary>
    public int Directions => Stack.Cells.Count / Stack.Layers;
}

/// <summary>The gradient of a loss at one step of each sequence with respect to the states of one layer in one direction.</summary>
/// <param name="Part">The stack's place in a network that has several, else null.</param>
/// <param name="Layer">From 0.</param>
/// <param name="Reverse">Whether the cell reads from the end.</param>
/// <param name="Cell">The cell.</param>
/// <param name="H">Norm with respect to h by lag: root mean square over the sequences that reach so far.</param>
/// <param name="C">The same for c; empty for cells without it.</param>
/// <param name="Activity">What the activations on the way were.</param>
internal sealed record StateFlow(string? Part, int Layer, bool Reverse, RecurrentCell Cell, double[] H, double[] C, CellActivity Activity);
