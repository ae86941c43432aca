using Rnn.Data;
using Rnn.Kernels;
using Rnn.Models;

namespace Rnn.Training;

/// <summary>
/// Measures how far back gradients reach in a network (<see cref="GradientFlow"/>), always on the same few held-out sequences and without dropout. Training is not touched by it.
/// With a loss at every step the sum of the gradients hides that they vanish, so the loss is at one: the last step that counts, or for cells that read from the end the first.
/// Pooling and attention are left out: by them gradients reach every state, whatever the recurrence keeps.
/// </summary>
public sealed class GradientFlowProbe
{
    private const int MostRows = 8;
    private const int MostSteps = 2_048;

    private readonly Network _network;
    private readonly ExampleSet _set;
    private readonly int[] _rows;
    private readonly NetworkPass _pass;
    private readonly Memory<float> _gradients;

    /// <summary>Chooses the sequences; of a stream the second window of each lane, which the state of the first is carried into.</summary>
    /// <param name="network">Its weights must be packed for training when it is measured.</param>
    /// <param name="heldOut">Rows that are not trained on.</param>
    public GradientFlowProbe(Network network, ExampleSet heldOut)
    {
        (_network, _set) = (network, heldOut);
        _rows = heldOut.Lanes > 0 ? [.. Enumerable.Range(heldOut.Count > heldOut.Lanes ? heldOut.Lanes : 0, Math.Min(heldOut.Lanes, MostRows))] : Spread(heldOut);
        _pass = network.CreatePass();
        _gradients = AlignedMemory.Allocate(network.Parameters.DenseLength);
    }

    /// <summary>The flow through every layer and direction as the weights are now.</summary>
    public IReadOnlyList<GradientFlow> Measure()
    {
        IEnumerable<StateFlow> flows = [.. Probe(first: false), .. _pass.ProbesTwice ? Probe(first: true) : []];
        return
        [
            .. flows.OrderBy(flow => flow.Part, StringComparer.Ordinal).ThenBy(flow => flow.Layer).ThenBy(flow => flow.Reverse).Select(flow => new GradientFlow
            {
                Part = flow.Part,
                Layer = flow.Layer,
                Reverse = flow.Reverse,
                LagGradientNorm = flow.H,
                CellLagGradientNorm = flow.C,
                SpectralRadius = SpectralRadius.Of(flow.Cell.CandidateWeights, flow.Cell.HiddenSize),
                Activity = flow.Activity,
            }),
        ];
    }

    private IReadOnlyList<StateFlow> Probe(bool first)
    {
        if (_set.Lanes > 0)
        {
            _pass.CarriedStates = new float[_rows.Length * _network.CarriedStateSize];
            if (_rows[0] > 0)
            {
                _pass.Assign(_set, [.. _rows.Select(row => row - _set.Lanes)]);
                _pass.Forward();
            }
        }

        _pass.Assign(_set, _rows);
        return _pass.Probe(first, _gradients.Span);
    }

    /// <summary>Rows all over the set, longest first, as many as are measured quickly.</summary>
    private static int[] Spread(ExampleSet set)
    {
        int count = Math.Min(MostRows, set.Count);
        var rows = new List<int>();
        int steps = 0;
        foreach (int row in Enumerable.Range(0, count).Select(i => (int)((long)i * set.Count / count)))
        {
            (int targets, int inputs) = set.LengthOf(row);
            if (rows.Count > 0 && steps + targets + inputs > MostSteps) break;
            steps += targets + inputs;
            rows.Add(row);
        }

        return [.. rows.OrderByDescending(set.LengthOf)];
    }
}
