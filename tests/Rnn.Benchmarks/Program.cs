using System.Globalization;
using Rnn.Benchmarks;

return args switch
{
    ["peers", ..] => Math.Max(Math.Max(TrainBenchmark.Run(args[1..]), ServeBenchmark.Run(args[1..])), MatMulBenchmark.Run()),
    ["train", ..] => TrainBenchmark.Run(args[1..]),
    ["serve", ..] => ServeBenchmark.Run(args[1..]),
    ["matmul", ..] => MatMulBenchmark.Run(),
    ["memory", ..] => MemoryBenchmark.Run(args[1..]),
    ["foretell", ..] => ForetellBenchmark.Run(args[1..]),
    ["profile", ..] => ProfileBenchmark.Run(args[1..]),
    ["scaling", ..] => ScalingBenchmark.Run(args[1..]),
    ["resident", ..] => await ResidentBenchmark.RunAsync(args[1..]),
    ["http", ..] => await HttpBenchmark.RunAsync(args[1..]),
    // What the commands above start.
    ["spin", var parent] => BusyCore.Spin(int.Parse(parent, CultureInfo.InvariantCulture)),
    ["steps", var name, var threads] => ProfileBenchmark.Step(name, int.Parse(threads, CultureInfo.InvariantCulture)),
#if TORCH
    ["peak", var who, var row, var threads] => TrainBenchmark.Peak(who == "own", row, int.Parse(threads, CultureInfo.InvariantCulture)),
#endif
    ["echo", var url] => await EchoServer.RunAsync(url),
#if ONNX
    ["peak", var who, var row] => ServeBenchmark.Peak(who == "own", int.Parse(row, CultureInfo.InvariantCulture)),
    ["onnx", var url, var weights] => await OnnxServer.RunAsync(url, weights),
#endif
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        dotnet run -c Release --project tests/Rnn.Benchmarks -- peers    the next three, one after the other
        dotnet run -c Release --project tests/Rnn.Benchmarks -- train    a training step beside TorchSharp's (fetches libtorch)
        dotnet run -c Release --project tests/Rnn.Benchmarks -- serve    inference beside ONNX Runtime's (fetches it)
        dotnet run -c Release --project tests/Rnn.Benchmarks -- matmul   the packed product beside the machine's FMA peak
        dotnet run -c Release --project tests/Rnn.Benchmarks -- memory   the classic tests of memory: which cell solves them, and when
        dotnet run -c Release --project tests/Rnn.Benchmarks -- foretell whether the gradient after 200 updates foretells what is learnt
        dotnet run -c Release --project tests/Rnn.Benchmarks -- profile <part of a row's name>    where the cycles of a training step go (needs perf)
        dotnet run -c Release --project tests/Rnn.Benchmarks -- scaling  what a token costs as text, window and threads grow
        dotnet run -c Release --project tests/Rnn.Benchmarks -- resident memory, start and upload of the real service
        dotnet run -c Release --project tests/Rnn.Benchmarks -- http     one sentence over HTTP beside an echo (needs wrk)
        Each writes its table into tests/Rnn.Benchmarks/README.md; --dry leaves the file alone.
        """);
    return 2;
}
