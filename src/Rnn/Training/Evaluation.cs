using System.Numerics.Tensors;
using Rnn.Data;
using Rnn.Layers;
using Rnn.Models;

namespace Rnn.Training;

/// <summary>Measures a classifier, without dropout. The model's weights must be packed.</summary>
public static class Evaluation
{
    private const int RowsPerPass = 32;

    /// <summary>Loss, accuracy and macro F1; sums run in the order of the rows, whatever the thread count.</summary>
    public static Metrics Measure(SequenceClassifier model, SequenceSet set, BatchShards shards)
    {
        int classes = model.Config.Classes;
        int[][] batches = [.. Batching.ByLength(set.Lengths, RowsPerPass)];
        double[] losses = new double[set.Count];
        int[] predicted = new int[set.Count];
        using var passes = new ThreadLocal<ClassifierPass>(model.CreatePass);
        shards.Run(batches.Length, index =>
        {
            ClassifierPass pass = passes.Value!;
            pass.Batch.Assign(set.Inputs, batches[index]);
            ReadOnlySpan<float> logits = model.Forward(pass);
            for (int i = 0; i < batches[index].Length; i++)
            {
                int row = batches[index][i];
                ReadOnlySpan<float> values = logits.Slice(i * classes, classes);
                losses[row] = CrossEntropy.Loss(values, set.Labels[row]);
                predicted[row] = TensorPrimitives.IndexOfMax(values);
            }
        });

        int[] confusion = new int[classes * classes];
        for (int row = 0; row < set.Count; row++) confusion[(set.Labels[row] * classes) + predicted[row]]++;
        return new Metrics(losses.Sum() / set.Count, Accuracy(confusion, classes), MacroF1(confusion, classes));
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
