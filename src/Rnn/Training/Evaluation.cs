using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;

namespace Rnn.Training;

/// <summary>Measures a classifier, without dropout. The model's weights must be packed.</summary>
public static class Evaluation
{
    private const int RowsPerPass = 32;

    /// <summary>Loss, accuracy and macro F1.</summary>
    public static Metrics Measure(SequenceClassifier model, SequenceSet set, BatchShards shards) => Score(Logits(model, set, shards), set.Labels, model.Config.Classes);

    /// <summary>The logits of all sequences, <c>[count, classes]</c> in the order of the set.</summary>
    public static float[] Logits(SequenceClassifier model, SequenceSet set, BatchShards shards)
    {
        int classes = model.Config.Classes;
        int[][] batches = [.. Batching.ByLength(set.Lengths, RowsPerPass)];
        float[] logits = new float[set.Count * classes];
        using var passes = new ThreadLocal<ClassifierPass>(model.CreatePass);
        shards.Run(batches.Length, index =>
        {
            ClassifierPass pass = passes.Value!;
            pass.Batch.Assign(set.Inputs, batches[index]);
            ReadOnlySpan<float> values = model.Forward(pass);
            for (int i = 0; i < batches[index].Length; i++) values.Slice(i * classes, classes).CopyTo(logits.AsSpan(batches[index][i] * classes));
        });
        return logits;
    }

    /// <summary>What logits <c>[count, classes]</c> are worth; sums run in the order of the rows.</summary>
    public static Metrics Score(ReadOnlySpan<float> logits, IReadOnlyList<int> labels, int classes)
    {
        double loss = 0;
        int[] confusion = new int[classes * classes];
        for (int row = 0; row < labels.Count; row++)
        {
            ReadOnlySpan<float> values = logits.Slice(row * classes, classes);
            loss += CrossEntropy.Loss(values, labels[row]);
            confusion[(labels[row] * classes) + TensorPrimitives.IndexOfMax(values)]++;
        }

        return new Metrics(loss / labels.Count, Accuracy(confusion, classes), MacroF1(confusion, classes));
    }

    /// <summary>Share of the diagonal of a confusion matrix <c>[true, predicted]</c>.</summary>
    public static double Accuracy(ReadOnlySpan<int> confusion, int classes)
    {
        int right = 0;
        for (int i = 0; i < classes; i++) right += confusion[(i * classes) + i];
        return (double)right / TensorPrimitives.Sum(confusion);
    }

    /// <summary>Mean F1 over all classes of a confusion matrix <c>[true, predicted]</c>.</summary>
    public static double MacroF1(ReadOnlySpan<int> confusion, int classes)
    {
        double sum = 0;
        for (int i = 0; i < classes; i++)
        {
            int actual = 0;
            int predicted = 0;
            for (int j = 0; j < classes; j++)
            {
                actual += confusion[(i * classes) + j];
                predicted += confusion[(j * classes) + i];
            }

            // F1 = 2 TP / (actual + predicted): precision and recall without their own zero cases.
            sum += actual + predicted == 0 ? 0 : 2.0 * confusion[(i * classes) + i] / (actual + predicted);
        }

        return sum / classes;
    }
}
