using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rnn.Cells;
using Rnn.Layers;
using Rnn.Models;
using Rnn.Tensors;
using Rnn.Training;
using RnnService.Storage;

namespace RnnService.TrainingJobs.Insight;

/// <summary>From what was measured to changes of the spec, the best first. Pure.</summary>
internal static class FlowAdvice
{
    // Over fewer steps any gated cell remembers without help.
    private const int LongLag = 20;
    // Gates that start nearly shut learn to open at this rate: recall over 61 letters, hidden 32 to 128, was solved at it and mostly not at a third of it.
    private const double RateOfChrono = 0.003;
    private const string Faster = "it lets little in at first and needs a rate that is not small";
    private const double OftenClipped = 0.9;
    private const double MostDropout = 0.7;
    // Of the loss of a guess: below it little is left to learn.
    private const double SolvedShare = 0.1;
    private const int LargestHidden = 2_048;

    /// <summary>What one layer's flow calls for; <paramref name="left"/> is the share of the gradient that the verdict is about.</summary>
    public static IReadOnlyList<Advice> OfFlow(LearningTask task, TrainingSpec spec, GradientFlow flow, int needed, double left, FlowGradientNorm norm) => GradientFlow.VerdictOf(left) switch
    {
        GradientVerdict.Vanishing => [.. Vanishing(task, spec, flow, needed, left)],
        GradientVerdict.Exploding => [.. Exploding(spec, flow, needed, left)],
        _ => [.. Chunk(spec, flow), .. Clip(spec, norm)],
    };

    /// <summary>What the losses of the published weights call for: a train loss without dropout, so that it can be compared.</summary>
    public static IReadOnlyList<Advice> OfLosses(TrainingSpec spec, double train, double validation, double guess, int rescues)
    {
        var advice = new List<Advice>();
        if (rescues > 0)
            advice.Add(Advice.Of("lower_learning_rate", Text($"Training diverged {Times(rescues)} and was saved by halving the rate each time."), ("training.learning_rate", spec.Training.LearningRate * Math.ScaleB(1, -rescues))));
        var network = spec.Network;
        var gap = Text($"The loss is {train:G3} on the training rows and {validation:G3} on the validation rows");
        if (validation < SolvedShare * guess) return advice;
        if (validation > (1.5 * train) + 0.05)
        {
            if (network.Dropout < MostDropout)
                advice.Add(Advice.Of("more_dropout", $"{gap}: the training rows are known by heart.", ("network.dropout", Math.Round(Math.Min(MostDropout, network.Dropout + 0.2), 2))));
            if (network.HiddenSize >= 32)
                advice.Add(Advice.Of("smaller_network", $"{gap}: the network has room to learn the rows by heart.", ("network.hidden_size", network.HiddenSize / 2)));
        }
        else if (validation < (1.05 * train) + 0.01)
        {
            if (network.Dropout > 0.2)
                advice.Add(Advice.Of("less_dropout", $"{gap}: nothing is learnt by heart, so dropout only holds learning back.", ("network.dropout", Math.Round(network.Dropout / 2, 2))));
            if (network.HiddenSize <= LargestHidden / 2)
                advice.Add(Advice.Of("larger_network", $"{gap}: the data could teach a larger network more.", ("network.hidden_size", 2 * network.HiddenSize)));
        }

        return advice;
    }

    private static IEnumerable<Advice> Vanishing(LearningTask task, TrainingSpec spec, GradientFlow flow, int needed, double left)
    {
        var network = spec.Network;
        var evidence = Text($"{needed} steps back {left:G2} of the gradient is left ({Decay(flow)} a step): what lies there is hardly learnt, the memory is {flow.EffectiveMemorySteps()} steps.");
        var isGated = network.Cell is CellKind.Lstm or CellKind.Gru;
        var isChrono = network.ForgetBias is { ValueKind: JsonValueKind.String };
        if (!isGated && needed < LongLag)
            yield return Advice.Of("gated_cell", $"{evidence} A gated cell carries it on.", ("network.cell", "lstm"));
        if (!isGated && needed >= LongLag)
            yield return Advice.Of("gated_cell", $"{evidence} A gated cell that starts by keeping its state for so long carries it on (Tallec & Ollivier 2018); {Faster}.", [("network.cell", "lstm"), .. Chrono(spec)]);
        if (isGated && !isChrono)
            yield return Advice.Of("chrono_forget_bias", $"{evidence} Gates that start by keeping the state for so long carry it on (Tallec & Ollivier 2018); {Faster}.", [.. Chrono(spec)]);
        if (network.Cell == CellKind.RnnRelu && network.RecurrentInit != RecurrentInit.Identity)
            yield return Advice.Of("identity_init", $"{evidence} Rectified units that start from the identity keep their state (Le et al. 2015).", ("network.recurrent_init", "identity"));
        if (network.Cell == CellKind.RnnTanh && network.RecurrentInit != RecurrentInit.Orthogonal)
            yield return Advice.Of("orthogonal_init", $"{evidence} An orthogonal matrix shrinks nothing at the start (Saxe et al. 2014).", ("network.recurrent_init", "orthogonal"));
        if (network.Pooling == PoolingKind.Last)
            yield return Advice.Of("max_pooling", $"{evidence} Pooling over all steps reaches each of them directly.", ("network.pooling", "max"));
        if (task == LearningTask.Translation && network.Attention == AttentionKind.None)
            yield return Advice.Of("attention", $"{evidence} Attention reaches every step of the source directly (Bahdanau et al. 2015).", ("network.attention", "additive"));
    }

    /// <summary>Chrono biases, and a rate at which gates that hardly let anything in learn to.</summary>
    private static IEnumerable<(string Path, JsonNode Value)> Chrono(TrainingSpec spec)
    {
        yield return ("network.forget_bias", "chrono");
        if (spec.Training.Optimizer is OptimizerKind.Adam or OptimizerKind.Adamw or OptimizerKind.Rmsprop && spec.Training.LearningRate < RateOfChrono)
            yield return ("training.learning_rate", Math.Min(RateOfChrono, 3 * spec.Training.LearningRate));
    }

    private static IEnumerable<Advice> Exploding(TrainingSpec spec, GradientFlow flow, int needed, double left)
    {
        var evidence = Text($"The gradient grows to {left:G2} times its size over {needed} steps ({Decay(flow)} a step).");
        if (spec.Training.ClipNorm == 0)
            yield return Advice.Of("clip", $"{evidence} Clipping bounds what one such batch can do (Pascanu et al. 2013).", ("training.clip_norm", 1));
        yield return Advice.Of("lower_learning_rate", $"{evidence} Smaller steps stay where the gradient still points the right way.", ("training.learning_rate", spec.Training.LearningRate / 2));
        if (spec.Network.Cell is CellKind.RnnRelu or CellKind.RnnTanh)
            yield return Advice.Of("gated_cell", $"{evidence} A gated cell does not multiply its state.", ("network.cell", "lstm"));
    }

    private static IEnumerable<Advice> Chunk(TrainingSpec spec, GradientFlow flow)
    {
        if (spec.Training.BpttSteps is not { } steps || flow.EffectiveMemorySteps() < flow.MemoryNorm.Count || flow.MemoryNorm.Count < 2) yield break;
        yield return Advice.Of("longer_chunks",
            Text($"At the border of a chunk {flow.LeftAfter(steps):G2} of the gradient is left, and there it is cut to exactly 0: nothing that lies more than {steps} steps back is learnt, though the network could."),
            ("training.bptt_steps", Math.Min(10_000, 2 * steps)));
    }

    private static IEnumerable<Advice> Clip(TrainingSpec spec, FlowGradientNorm norm)
    {
        if (spec.Training.ClipNorm == 0 && norm.BeforeClip > 10)
            yield return Advice.Of("clip", Text($"The norm of the gradient is {norm.BeforeClip:G3} on average and nothing clips it: one batch can undo what was learnt (Pascanu et al. 2013)."), ("training.clip_norm", 1));
        if (norm.ClippedFraction > OftenClipped && norm.BeforeClip > 10 * norm.AfterClip)
            yield return Advice.Of("lower_learning_rate", Text($"{100 * norm.ClippedFraction:F0} % of the gradients are clipped, on average from {norm.BeforeClip:G3} to {norm.AfterClip:G3}: training is on the edge of diverging."), ("training.learning_rate", spec.Training.LearningRate / 2));
    }

    private static string Decay(GradientFlow flow) => flow.DecayPerStep is { } decay ? Text($"times {decay:G3}") : "nothing";

    private static string Times(int count) => count == 1 ? "once" : Text($"{count} times");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
