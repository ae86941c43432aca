using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Rnn.Training;

namespace RnnService.TrainingJobs.Insight;

/// <summary>The flow of gradients at some points of a job, ascending by step.</summary>
/// <param name="Data">The points.</param>
internal sealed record FlowResponse(IReadOnlyList<FlowPoint> Data);

/// <summary>How the gradient of a loss at one step fades or grows on its way back through one recurrent layer in one direction, as of one update.</summary>
internal sealed record FlowPoint
{
    /// <summary>Updates done.</summary>
    public required long Step { get; init; }

    /// <summary><c>encoder</c> or <c>decoder</c> of a translation, else absent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Part { get; init; }

    /// <summary>Recurrent layer, from 0 at the input.</summary>
    public required int Layer { get; init; }

    /// <summary><c>forward</c>, or <c>backward</c> for cells that read from the end.</summary>
    public required FlowDirection Direction { get; init; }

    /// <summary>Norm of the gradient with respect to the state (h) so many steps earlier, from lag 0 on.</summary>
    public required IReadOnlyList<double> LagGradientNorm { get; init; }

    /// <summary>The same with respect to an LSTM's cell state (c), by which it remembers.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? CellLagGradientNorm { get; init; }

    /// <summary>Factor on the norm of one step back, over all lags; null where there are no two lags.</summary>
    public required double? DecayPerStep { get; init; }

    /// <summary>Lags before the norm falls below <c>memory_threshold</c> of that at lag 0.</summary>
    public required int EffectiveMemorySteps { get; init; }

    /// <summary>Share of the gradient below which a state counts as forgotten.</summary>
    public required double MemoryThreshold { get; init; }

    /// <summary>Steps over which the data needs a memory; the verdict is about these.</summary>
    public required int NeededSteps { get; init; }

    /// <summary>Largest absolute eigenvalue of the recurrent weights (of LSTM and GRU: of the candidate's).</summary>
    public required double RecurrentSpectralRadius { get; init; }

    /// <summary>Share of the activations, gates among them, whose derivative is below a tenth of its largest.</summary>
    public required double SaturationFraction { get; init; }

    /// <summary>Mean of each gate, 0 shut to 1 open; absent for cells without gates.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? GateMeans { get; init; }

    /// <summary>The whole gradient since the point before.</summary>
    public required FlowGradientNorm GradientNorm { get; init; }

    /// <summary>Norm of all weights.</summary>
    public required double WeightNorm { get; init; }

    /// <summary>Norm of the last update; about a thousandth of the weights' is usual.</summary>
    public required double UpdateNorm { get; init; }

    /// <summary>Steps of a chunk of a language model: across its border the gradient is exactly zero. Null where whole sequences are seen.</summary>
    public required int? BpttSteps { get; init; }

    /// <summary>Whether something so far back as the data needs can be learnt, by the median of this point and the two before.</summary>
    public required GradientVerdict Verdict { get; init; }

    /// <summary>What to change, the best first.</summary>
    public required IReadOnlyList<Advice> Advice { get; init; }
}

/// <summary>Which way a cell reads.</summary>
internal enum FlowDirection
{
    /// <summary>From the beginning.</summary>
    Forward,

    /// <summary>From the end.</summary>
    Backward,
}

/// <summary>Norms of the whole gradient.</summary>
/// <param name="BeforeClip">Mean.</param>
/// <param name="AfterClip">Mean after clipping by norm.</param>
/// <param name="ClippedFraction">Share of the updates that were clipped.</param>
internal sealed record FlowGradientNorm(double BeforeClip, double AfterClip, double ClippedFraction);

/// <summary>A change of the spec that can be applied as it is.</summary>
/// <param name="Code">Names it.</param>
/// <param name="Evidence">What was measured, and what it means.</param>
/// <param name="Change">New values by path in the spec.</param>
internal sealed record Advice(string Code, string Evidence, IReadOnlyDictionary<string, JsonNode?> Change)
{
    /// <summary>Advice with one or more changes.</summary>
    public static Advice Of(string code, string evidence, params (string Path, JsonNode Value)[] change) =>
        new(code, evidence, change.ToDictionary(pair => pair.Path, pair => (JsonNode?)pair.Value));
}
