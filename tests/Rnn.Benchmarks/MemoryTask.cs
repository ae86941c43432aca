using System.Numerics.Tensors;
using Rnn.Layers;
using Rnn.Tensors;

namespace Rnn.Benchmarks;

/// <summary>Sequences whose answer lies far back: what a network reads, what it should say, and how wrong it is.</summary>
internal abstract class MemoryTask
{
    /// <summary>The mean error below which a task is solved.</summary>
    public const double Solved = 0.01;

    public static IReadOnlyList<MemoryTask> All { get; } = [new Adding(), new Recall()];

    /// <summary>Both tasks with the whole answer in the first ten steps, so that nothing can be learnt from a shorter lag.</summary>
    public static IReadOnlyList<MemoryTask> Early { get; } = [new Adding(within: 10), new Recall()];

    public abstract string Name { get; }

    /// <summary>Values of a frame.</summary>
    public abstract int Inputs { get; }

    /// <summary>Values of an answer's prediction.</summary>
    public abstract int Outputs { get; }

    /// <summary>What is reached without memory, and what counts as solved.</summary>
    public abstract string Terms { get; }

    /// <summary>One sequence into row <paramref name="row"/> of zeros <c>[steps, rows, Inputs]</c>; returns its answer.</summary>
    public abstract float Draw(ref RandomSource random, int steps, int row, int rows, Span<float> x);

    /// <summary>The mean loss of a batch; predictions <c>[rows, Outputs]</c> become its gradient.</summary>
    public abstract double Loss(Span<float> predictions, ReadOnlySpan<float> answers);

    /// <summary>The error of one prediction, of which the mean is measured.</summary>
    public abstract double Error(ReadOnlySpan<float> prediction, float answer);

    /// <summary>A mean error, named as usual.</summary>
    public abstract string Text(double error);

    /// <summary>The sum of two marked numbers among T, one in each half (Hochreiter &amp; Schmidhuber 1997, as in Le et al. 2015).</summary>
    private sealed class Adding(int within = int.MaxValue) : MemoryTask
    {
        public override string Name => "adding";

        public override int Inputs => 2;

        public override int Outputs => 1;

        public override string Terms => "always saying 1: MSE 0.167; solved: MSE below 0.01";

        public override float Draw(ref RandomSource random, int steps, int row, int rows, Span<float> x)
        {
            var among = Math.Min(within, steps);
            var (first, second) = (random.NextInt(among / 2), (among / 2) + random.NextInt(among - (among / 2)));
            var sum = 0f;
            for (var t = 0; t < steps; t++)
            {
                var frame = x.Slice(((t * rows) + row) * Inputs, Inputs);
                frame[0] = (float)random.NextDouble();
                if (t != first && t != second) continue;
                frame[1] = 1;
                sum += frame[0];
            }

            return sum;
        }

        public override double Loss(Span<float> predictions, ReadOnlySpan<float> answers) => ElementwiseLoss.SquaredError(predictions, answers);

        public override double Error(ReadOnlySpan<float> prediction, float answer) => ((double)prediction[0] - answer) * (prediction[0] - answer);

        public override string Text(double error) => FormattableString.Invariant($"MSE {error:F4}");
    }

    /// <summary>The first of T tokens of a vocabulary of eight, asked for after the last (after the latching task of Hochreiter &amp; Schmidhuber 1997, every token random).</summary>
    private sealed class Recall : MemoryTask
    {
        private const int Vocabulary = 8;

        public override string Name => "recall";

        public override int Inputs => Vocabulary;

        public override int Outputs => Vocabulary;

        public override string Terms => "chance: accuracy 0.125; solved: accuracy above 0.99";

        public override float Draw(ref RandomSource random, int steps, int row, int rows, Span<float> x)
        {
            var answer = 0;
            for (var t = 0; t < steps; t++)
            {
                var token = random.NextInt(Vocabulary);
                x[(((t * rows) + row) * Inputs) + token] = 1;
                if (t == 0) answer = token;
            }

            return answer;
        }

        public override double Loss(Span<float> predictions, ReadOnlySpan<float> answers)
        {
            Span<int> classes = stackalloc int[answers.Length];
            for (var row = 0; row < classes.Length; row++) classes[row] = (int)answers[row];
            return CrossEntropy.ForwardBackward(predictions, Vocabulary, classes, smoothing: 0, scale: 1f / answers.Length) / answers.Length;
        }

        public override double Error(ReadOnlySpan<float> prediction, float answer) => TensorPrimitives.IndexOfMax(prediction) == (int)answer ? 0 : 1;

        public override string Text(double error) => FormattableString.Invariant($"accuracy {1 - error:F3}");
    }
}
