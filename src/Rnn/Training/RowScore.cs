namespace Rnn.Training;

/// <summary>What one row of a set adds to a <see cref="Score"/>.</summary>
/// <param name="Loss">Summed cross-entropy in nats, unsmoothed and unweighted.</param>
/// <param name="Correct">Targets whose largest logit is right.</param>
/// <param name="Targets">Targets that count.</param>
public readonly record struct RowScore(double Loss, int Correct, int Targets)
{
    /// <summary>With one more target.</summary>
    internal RowScore Plus(double loss, bool isRight) => new(Loss + loss, Correct + (isRight ? 1 : 0), Targets + 1);
}
