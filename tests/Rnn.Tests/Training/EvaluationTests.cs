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

    /// <summary>Texts of several lengths, some tokens not asked for; as a stream, its windows read with the state carried on.</summary>
    [Theory]
    [InlineData(0, 40)]
    [InlineData(4, 8)]
    [InlineData(6, 2)]
    public void Figures_of_a_text_follow_from_the_probabilities_of_its_tokens(int lanes, int rows)
    {
        var random = new Random(5);
        var model = new LanguageModel(new() { Encoder = new() { VocabularySize = 4, EmbeddingSize = 3, Cell = CellKind.Gru, HiddenSize = 5 } });
        model.Initialize(1);
        model.Pack(training: false);
        var count = lanes == 0 ? rows : lanes * rows;
        int[][] ids = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, lanes == 0 ? 1 + random.Next(6) : 3).Select(_ => random.Next(4)).ToArray())];
        int[][] targets = [.. ids.Select(text => text.Select(_ => random.Next(-1, 4)).ToArray())];

        var (loss, right, asked, pass) = (0.0, 0, 0, model.CreatePass());
        for (var first = 0; first < (lanes == 0 ? count : lanes); first++)
        {
            // A lane is one long text.
            int[] parts = lanes == 0 ? [first] : [.. Enumerable.Range(0, rows).Select(window => window * lanes + first)];
            int[] wanted = [.. parts.SelectMany(part => targets[part])];
            pass.Assign(ExampleSet.Unlabelled([Sequence.OfTokens([.. parts.SelectMany(part => ids[part])])]), [0]);
            foreach (var (logits, target) in pass.Forward().ToArray().Chunk(4).Zip(wanted).Where(pair => pair.Second >= 0))
            {
                asked++;
                loss += Math.Log(logits.Sum(l => Math.Exp(l - logits[target])));
                if (logits.Max() == logits[target]) right++;
            }
        }

        using var shards = new BatchShards(2);
        var measured = Evaluation.Measure(model, new ExampleSet([.. ids.Select(text => Sequence.OfTokens(text))], [.. targets.Select(t => new ReadOnlyMemory<int>(t))], lanes), shards);
        Assert.Equal(loss / asked, measured.Loss, 1e-6);
        Assert.Equal((double)right / asked, measured.Accuracy);
    }

    [Fact]
    public void The_logits_of_a_stream_of_frames_are_those_of_its_lanes_read_in_one_piece()
    {
        var model = new SequenceLabeler(new() { Encoder = new() { FeatureSize = 2, Cell = CellKind.Lstm, HiddenSize = 5 }, Classes = 3 });
        model.Initialize(1);
        model.Pack(training: false);
        // Three lanes of two windows.
        float[][] frames = [.. Enumerable.Range(0, 6).Select(i => Kernels.Widths.Random(8, i))];
        ReadOnlyMemory<int>[] targets = [.. frames.Select((_, i) => new ReadOnlyMemory<int>([i % 3, 1, 2, 0]))];
        using var shards = new BatchShards(2);
        var (logits, order) = Evaluation.Logits(model, new ExampleSet([.. frames.Select(f => Sequence.OfFrames(f, 2))], targets, lanes: 3), shards);
        Sequence[] whole = [.. Enumerable.Range(0, 3).Select(lane => Sequence.OfFrames([.. frames[lane], .. frames[lane + 3]], 2))];
        ReadOnlyMemory<int>[] wholeTargets = [.. Enumerable.Range(0, 3).Select(lane => new ReadOnlyMemory<int>([.. targets[lane].Span, .. targets[lane + 3].Span]))];
        for (var lane = 0; lane < 3; lane++)
        {
            var (want, wantOrder) = Evaluation.Logits(model, new ExampleSet([whole[lane]], [wholeTargets[lane]]), shards);
            // The lanes are read side by side: step by step, in each step lane by lane.
            Kernels.Widths.AssertSameBits(want, [.. logits.Chunk(3).Where((_, i) => i % 3 == lane).SelectMany(row => row)], $"logits of lane {lane}");
            Assert.Equal(wantOrder, order.Where((_, i) => i % 3 == lane));
        }
    }

    /// <summary>Sequences of several lengths, cut into many batches: what is told of a row is what measuring it alone tells.</summary>
    [Fact]
    public void Every_row_adds_what_it_is_worth_alone()
    {
        var random = new Random(8);
        var model = new SequenceLabeler(new() { Encoder = new() { FeatureSize = 2, Cell = CellKind.Gru, HiddenSize = 5, Bidirectional = true }, Classes = 3 });
        model.Initialize(1);
        model.Pack(training: false);
        Sequence[] inputs = [.. Enumerable.Range(0, 70).Select(i => Sequence.OfFrames(Kernels.Widths.Random(2 * (1 + random.Next(7)), i), 2))];
        ReadOnlyMemory<int>[] targets = [.. inputs.Select(input => new ReadOnlyMemory<int>([.. Enumerable.Range(0, input.Steps).Select(_ => random.Next(-1, 3))]))];
        using var shards = new BatchShards(2);

        var (score, rows) = Evaluation.MeasureRows(model, new ExampleSet(inputs, targets), shards);

        for (var row = 0; row < rows.Length; row++)
        {
            var alone = Evaluation.Measure(model, new ExampleSet([inputs[row]], [targets[row]]), shards);
            var count = targets[row].ToArray().Count(target => target >= 0);
            Assert.Equal((count, (int)Math.Round(alone.Accuracy * count)), (rows[row].Targets, rows[row].Correct));
            Assert.Equal(alone.Loss * count, rows[row].Loss, 1e-5);
        }

        Assert.Equal((double)rows.Sum(row => row.Correct) / rows.Sum(row => row.Targets), score.Accuracy);
    }
}
