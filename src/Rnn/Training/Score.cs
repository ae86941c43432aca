namespace Rnn.Training;

/// <summary>What a network reaches on a set.</summary>
/// <param name="Loss">Mean cross-entropy in nats per target, unsmoothed and unweighted.</param>
/// <param name="Accuracy">Share of targets whose largest logit is right.</param>
/// <param name="MacroF1">Mean over all classes of F1 (0 where a class is neither predicted nor present); null where targets are tokens.</param>
public sealed record Score(double Loss, double Accuracy, double? MacroF1)
{
    /// <summary><c>e^loss</c>: as unsure as between so many equally likely tokens.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>The loss in bits.</summary>
    public double BitsPerTarget => Loss / Math.Log(2);
}
