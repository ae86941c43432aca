using Rnn.Cells;
using Rnn.Data;
using Rnn.Models;
using Rnn.Tests.Models;
using Rnn.Training;

namespace Rnn.Tests.Training;

public sealed class EvaluationTests
{
    [Fact]
    public void Figures_follow_from_the_probabilities_and_not_from_threads_or_order()
    {
        var random = new Random(4);
        var model = Networks.Of(new SequenceClassifierConfig { Encoder = new() { FeatureSize = 3, Cell = CellKind.Lstm, HiddenSize = 5 }, Classes = 3 }, 1);
        model.Pack(training: false);
        Sequence[] inputs = [.. Enumerable.Range(0, 75).Select(i => Sequence.OfFrames(Kernels.Widths.Random(3 * (1 + random.Next(9)), i), 3))];
        var labels = inputs.Select(_ => random.Next(3)).ToArray();
        var (loss, right, pass) = (0.0, 0, model.CreatePass());
        for (var i = 0; i < inputs.Length; i++)
        {
            pass.Assign(ExampleSet.Unlabelled(inputs), [i]);
            var logits = pass.Forward().ToArray();
            loss += Math.Log(logits.Sum(l => Math.Exp(l - logits[labels[i]]))) / inputs.Length;
            if (logits.Max() == logits[labels[i]]) right++;
        }

        using var one = new BatchShards(1);
        using var three = new BatchShards(3);
        var measured = Evaluation.Measure(model, ExampleSet.OfClasses(inputs, labels), one);
        Assert.Equal(measured, Evaluation.Measure(model, ExampleSet.OfClasses(inputs, labels), three));
        Assert.Equal(loss, measured.Loss, 1e-6);
        Assert.Equal((double)right / inputs.Length, measured.Accuracy);
    }
}
