using Rnn.Benchmarks;

return args switch
{
    ["train", ..] => TrainBenchmark.Run(args[1..]),
    ["serve", ..] => ServeBenchmark.Run(args[1..]),
    ["matmul", ..] => MatMulBenchmark.Run(),
    ["memory", ..] => MemoryBenchmark.Run(args[1..]),
    ["foretell", ..] => ForetellBenchmark.Run(args[1..]),
    ["http", ..] => await HttpBenchmark.RunAsync(args[1..]),
    ["echo", var url] => await EchoServer.RunAsync(url),
#if ONNX
    ["onnx", var url, var weights] => await OnnxServer.RunAsync(url, weights),
#endif
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        dotnet run -c Release --project tests/Rnn.Benchmarks -- train    a training step beside TorchSharp's (fetches libtorch)
        dotnet run -c Release --project tests/Rnn.Benchmarks -- serve    inference beside ONNX Runtime's (fetches it)
        dotnet run -c Release --project tests/Rnn.Benchmarks -- matmul   the packed product beside the machine's FMA peak
        dotnet run -c Release --project tests/Rnn.Benchmarks -- memory   the classic tests of memory: which cell solves them, and when
        dotnet run -c Release --project tests/Rnn.Benchmarks -- foretell whether the gradient after 200 updates foretells what is learnt
        dotnet run -c Release --project tests/Rnn.Benchmarks -- http     one sentence over HTTP beside an echo (needs wrk)
        Each writes its table into tests/Rnn.Benchmarks/README.md; --dry leaves the file alone.
        """);
    return 2;
}
