using System.Numerics.Tensors;
using Rnn.Data;

namespace Rnn.Models;

/// <summary>
/// Which parts of an input a verdict rests on, by erasure (occlusion: Zeiler and Fergus 2014, section 4.2; of words: Li, Monroe and Jurafsky 2016, eq. 1, there as a share of the log-probability,
/// here as its difference). The attribution of part i is <c>log p(label | all) - log p(label | all but i)</c> in nats, for the label that wins on all: positive where i speaks for it.
/// Erased means: a token is the unknown one, a frame or feature 0 after scaling, which is the training set's mean where it is scaled.
/// </summary>
/// <param name="Probabilities">Of the whole input.</param>
/// <param name="Attributions">One for each token or frame; for one vector, one for each feature.</param>
/// <param name="Running">The probabilities of the first 1, 2, … steps; empty for one vector.</param>
public sealed record Explanation(float[] Probabilities, float[] Attributions, IReadOnlyList<float[]> Running)
{
    // Variants in memory at a time hold at most so many values; one alone may be larger.
    private const int ValuesAtATime = 1 << 22;
    private const int VariantsAtATime = 64;

    // A probability of zero counts as this.
    private const float Smallest = 1.2e-38f;

    /// <summary>Whether all numbers are finite; not so where the input's overflow.</summary>
    public bool IsFinite => Running.Append(Probabilities).Append(Attributions).All(values => values.All(float.IsFinite));

    /// <summary>Parts an input is explained by.</summary>
    public static int PartsOf(TrainedModel model, Sequence input) => model.Network is VectorClassifier ? input.Width : input.Steps;

    /// <summary>Explains the verdict on one input. The work grows with the square of its length.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Explanation Of(TrainedModel model, Sequence input, CancellationToken cancellationToken)
    {
        bool isVector = model.Network is VectorClassifier;
        float[][] running = Classify(model, input, isVector ? 1 : input.Steps, t => isVector ? input : First(input, t + 1), cancellationToken);
        float[] all = running[^1];
        int label = TensorPrimitives.IndexOfMax<float>(all);
        float[][] erased = Classify(model, input, PartsOf(model, input), i => Erase(model, input, i, isVector), cancellationToken);
        float[] attributions = Array.ConvertAll(erased, probabilities => LogOf(all[label]) - LogOf(probabilities[label]));
        return new Explanation(all, attributions, isVector ? [] : running);
    }

    private static float[][] Classify(TrainedModel model, Sequence input, int count, Func<int, Sequence> variant, CancellationToken cancellationToken)
    {
        float[][] probabilities = new float[count][];
        int most = Math.Clamp(ValuesAtATime / (input.Steps * input.Width), 1, VariantsAtATime);
        for (int first = 0; first < count; first += most)
        {
            cancellationToken.ThrowIfCancellationRequested();
            model.Classify([.. Enumerable.Range(first, Math.Min(most, count - first)).Select(variant)]).CopyTo(probabilities, first);
        }

        return probabilities;
    }

    private static Sequence First(Sequence input, int steps) => input.IsTokens
        ? Sequence.OfTokens(input.Ids[..(steps * input.Width)], input.Width)
        : Sequence.OfFrames(input.Frames[..(steps * input.Width)], input.Width);

    private static Sequence Erase(TrainedModel model, Sequence input, int part, bool isVector)
    {
        if (input.IsTokens) return model.Codec.Input!.Erase(input, part);
        float[] values = input.Frames.ToArray();
        if (isVector) values[part] = 0;
        else values.AsSpan(part * input.Width, input.Width).Clear();
        return Sequence.OfFrames(values, input.Width);
    }

    private static float LogOf(float probability) => MathF.Log(MathF.Max(probability, Smallest));
}
