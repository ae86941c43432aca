using System.Globalization;
using System.Text;
using Rnn.Kernels;
using Rnn.Training;

namespace Rnn.Benchmarks;

/// <summary>The packed product at the sizes a recurrence meets, as a share of the FMA peak measured in the same rounds on the same threads.</summary>
internal static class MatMulBenchmark
{
    private const int Rounds = 9;
    private const double Seconds = 0.15;

    // The recurrence of a shard or a batch, on one thread and on two.
    private static readonly (int Rows, int Columns, int Depth)[] s_recurrent = [(32, 512, 128), (32, 1024, 256), (32, 2048, 512), (64, 512, 128), (64, 1024, 256), (64, 2048, 512)];

    // One row serving, a small batch, the input product of all steps, a head of few columns.
    private static readonly (int Rows, int Columns, int Depth)[] s_others = [(1, 512, 128), (1, 1024, 256), (16, 512, 128), (2048, 512, 128), (2048, 1024, 256), (2048, 65, 256)];

    private static float s_sink;

    public static int Run()
    {
        var table = new StringBuilder("| product | threads | GFLOP/s of a thread (min–max) | peak GFLOP/s of a thread | share of the peak |\n|---|---|---|---|---|\n");
        foreach (var threads in new[] { 1, 2 })
            foreach (var shape in s_recurrent) Product(table, threads, shape);
        foreach (var shape in s_others) Product(table, 1, shape);
        foreach (var (rows, columns, depth) in new[] { (512, 128, 2048), (1024, 256, 2048) })
        {
            var (a, b, c) = (Fill(rows * depth), Fill(depth * columns), AlignedMemory.Allocate(rows * columns));
            var scratch = AlignedMemory.Allocate(MatMul.ScratchLength(depth, rows, columns));
            Line(table, $"AᵀB, {rows} × {depth} · {depth} × {columns}", 1, 2.0 * rows * columns * depth, () => () => MatMul.MultiplyTransposedAdd(a.Span, rows, rows, b.Span, columns, depth, c.Span, scratch.Span));
        }

        Report.Write("matmul", table.ToString(), Environment.GetCommandLineArgs().Contains("--dry"));
        return 0;
    }

    /// <summary>Each thread has rows of its own; the weights belong to all.</summary>
    private static void Product(StringBuilder table, int threads, (int Rows, int Columns, int Depth) shape)
    {
        var (rows, columns, depth) = shape;
        var (a, b) = (Fill(rows * depth), Fill(depth * columns));
        var packed = new PackedMatrix(depth, columns);
        packed.Pack(b.Span);
        Check(a.ToArray(), b.ToArray(), packed, rows, columns, depth);
        Line(table, $"A·B, {rows} × {depth} · {depth} × {columns}", threads, 2.0 * rows * columns * depth, () =>
        {
            var (own, c) = (Fill(rows * depth), AlignedMemory.Allocate(rows * columns));
            return () => MatMul.Multiply(own.Span, rows, packed, default, c.Span, columns);
        });
    }

    private static void Line(StringBuilder table, string name, int threads, double operations, Func<Action> product)
    {
        var rates = new double[threads][][];
        using (var shards = new BatchShards(threads)) shards.Run(threads, thread => rates[thread] = Stopwatched.Alternate(Rounds, Seconds, product(), () => s_sink += FmaPeak.Run()));
        // What a thread reaches, on average over them.
        double[] Each(int contestant, double work) => [.. Enumerable.Range(0, Rounds).Select(round => rates.Average(thread => thread[contestant][round]) * work / 1e9)];
        double[] own = Each(0, operations), peak = Each(1, FmaPeak.Operations);
        // The ratio is taken round by round: both sides of it saw the same clock.
        var share = Report.Median(own.Zip(peak, (o, p) => o / p));
        table.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {threads} | {Report.Median(own):F1} ({own.Min():F1}–{own.Max():F1}) | {Report.Median(peak):F1} | {share:P0} |");
        Console.Error.WriteLine($"{name}, threads: {threads}: {share:P0}");
    }

    private static void Check(float[] a, float[] b, PackedMatrix packed, int rows, int columns, int depth)
    {
        var c = new float[rows * columns];
        MatMul.Multiply(a, rows, packed, default, c, columns);
        for (var i = 0; i < rows; i += Math.Max(1, rows / 3))
            for (var j = 0; j < columns; j += 7)
            {
                double want = 0;
                for (var k = 0; k < depth; k++) want += (double)a[(i * depth) + k] * b[(k * columns) + j];
                if (Math.Abs(want - c[(i * columns) + j]) > 1e-4 * Math.Max(1, Math.Abs(want))) throw new InvalidOperationException($"wrong product at {i}, {j}: {c[(i * columns) + j]}, expected {want}");
            }
    }

    // Aligned as in the core: a vector that crosses a cache line costs twice.
    private static Memory<float> Fill(int count)
    {
        var (random, values) = (new Random(count), AlignedMemory.Allocate(count));
        foreach (ref var value in values.Span) value = (random.NextSingle() * 2) - 1;
        return values;
    }
}
