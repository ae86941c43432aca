using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Kernels;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Models;

/// <summary>
/// What a smaller precision of the weights changed in a network's answers, measured where it always can be, whatever became of the data: on inputs drawn from the model's vocabulary
/// or, for numbers, from the normal distribution that scaled ones have, and for networks that emit on texts they wrote themselves in fp32. The draws are always the same.
/// </summary>
/// <param name="Answers">Distributions that were compared: of sequences, of steps or of tokens.</param>
/// <param name="LargestDifference">The largest difference of a probability.</param>
/// <param name="SameTop">Share of the answers whose most probable class or token is the same.</param>
public sealed record PrecisionLoss(int Answers, float LargestDifference, double SameTop)
{
    private const int Inputs = 128;
    // Of many tokens each, and as many probabilities for each token as there are words.
    private const int Texts = 16;
    private const int Steps = 32;

    /// <summary>Packs a network that is packed as fp32 in another precision and compares its answers.</summary>
    internal static PrecisionLoss OfPacking(Network network, Codec codec, WeightPrecision precision)
    {
        var random = new RandomSource(1);
        Sequence[] inputs = new Sequence[network.EmitsTokens ? Texts : Inputs];
        for (int i = 0; i < inputs.Length; i++) inputs[i] = Draw(codec, network is VectorClassifier or Captioner ? 1 : Steps, ref random);
        List<int>[] texts = Array.ConvertAll(inputs, _ => new List<int>());
        float[] exact = Answer(network, inputs, texts, ref random);
        network.Pack(training: false, precision);
        return Compare(exact, Answer(network, inputs, texts, ref random), network.Outputs);
    }

    private static Sequence Draw(Codec codec, int steps, ref RandomSource random)
    {
        if (codec.Input is not { } tokenizer)
        {
            float[] values = new float[steps * codec.FeatureSize];
            foreach (ref float value in values.AsSpan()) value = (float)random.NextNormal();
            return Sequence.OfFrames(values, codec.FeatureSize);
        }

        int[] ids = new int[steps * tokenizer.Width];
        foreach (ref int id in ids.AsSpan()) id = random.NextInt(tokenizer.VocabularySize);
        return Sequence.OfTokens(ids, tokenizer.Width);
    }

    /// <summary>The probabilities <c>[answers, outputs]</c>; a text that has no tokens yet is written on the way.</summary>
    private static float[] Answer(Network network, Sequence[] inputs, List<int>[] texts, ref RandomSource random)
    {
        var answers = new List<float>();
        float[] probabilities = new float[network.Outputs];
        if (network.EmitsTokens)
        {
            for (int i = 0; i < inputs.Length; i++) Emit(network.CreateDecoder(inputs[i]), texts[i], probabilities, answers, ref random);
            return [.. answers];
        }

        NetworkPass pass = network.CreatePass();
        pass.KeepsTrace = false;
        pass.Assign(ExampleSet.Unlabelled(inputs), [.. Enumerable.Range(0, inputs.Length)]);
        ReadOnlySpan<float> logits = pass.Forward();
        for (int at = 0; at < logits.Length; at += probabilities.Length)
        {
            CrossEntropy.Softmax(logits.Slice(at, probabilities.Length), probabilities);
            answers.AddRange(probabilities);
        }

        return [.. answers];
    }

    private static void Emit(TokenDecoder decoder, List<int> text, float[] probabilities, List<float> answers, ref RandomSource random)
    {
        bool isWritten = text.Count > 0;
        float[] state = new float[decoder.StateSize];
        float[] logits = new float[decoder.Outputs];
        decoder.Start(state);
        for (int next = decoder.Begin, t = 0; t < Steps && (t == 0 || next != decoder.End); next = text[t++])
        {
            decoder.Advance([next], state, logits);
            CrossEntropy.Softmax(logits, probabilities);
            answers.AddRange(probabilities);
            if (isWritten) continue;
            double left = random.NextDouble();
            int token = 0;
            while (token < probabilities.Length - 1 && (left -= probabilities[token]) >= 0) token++;
            text.Add(token);
        }
    }

    private static PrecisionLoss Compare(ReadOnlySpan<float> exact, ReadOnlySpan<float> rounded, int outputs)
    {
        float largest = 0;
        int same = 0;
        for (int at = 0; at < exact.Length; at += outputs)
        {
            if (TensorPrimitives.IndexOfMax(exact.Slice(at, outputs)) == TensorPrimitives.IndexOfMax(rounded.Slice(at, outputs))) same++;
            // Not Math.Max: the NaN of a damaged network is no figure to report.
            for (int i = at; i < at + outputs; i++)
                if (Math.Abs(exact[i] - rounded[i]) is var difference && difference > largest) largest = difference;
        }

        return new PrecisionLoss(exact.Length / outputs, largest, same * (double)outputs / exact.Length);
    }
}
