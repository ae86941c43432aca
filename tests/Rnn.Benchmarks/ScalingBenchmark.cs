using System.Diagnostics;
using System.Globalization;
using System.Text;
using Rnn.Cells;
using Rnn.Data;
using Rnn.Models;
using Rnn.Training;

namespace Rnn.Benchmarks;

/// <summary>
/// What a token costs in the training loop of the LSTM character model (H 256) as the text, the window or the threads grow: text in parts, tokenizer, stream of
/// windows, <see cref="TrainingLoop"/>, as a job has them. All variants take turns in rounds.
/// </summary>
internal static class ScalingBenchmark
{
    private const int Rounds = 5, Lanes = 64, Window = 64, ShardRows = 32, Hidden = 256;
    private const double Seconds = 1.0;
    private const int Million = 1_000_000;

    private sealed record Text(int Megabytes, Tokenizer Tokenizer, ReadOnlyMemory<int> Tokens, double NanosecondsPerCharacter, double BytesPerToken);

    public static int Run(string[] args)
    {
        int[] sizes = [1, 10, 100], windows = [32, 64, 128, 256, 512], threads = [.. new[] { 1, Environment.ProcessorCount }.Distinct()];
        // Once for code that is not optimised yet.
        Read(1);
        Text[] texts = [.. sizes.Select(Read)];
        using var one = new BatchShards(1);
        using var all = new BatchShards(Environment.ProcessorCount);
        (TrainingLoop Loop, int Tokens)[] variants =
        [
            .. texts.Select(text => Loop(text, Window, all)), .. windows.Select(window => Loop(texts[0], window, all)), .. threads.Select(count => Loop(texts[0], Window, count == 1 ? one : all)),
        ];
        var rates = Stopwatched.Alternate(Rounds, Seconds, [.. variants.Select(variant => (Action)(() => variant.Loop.Advance()))]);
        double[][] nanoseconds = [.. rates.Select((rounds, i) => rounds.Select(rate => 1e9 / (rate * variants[i].Tokens)).ToArray())];

        var table = new StringBuilder("| text | reading and tokenising, ns a character | held, bytes a token | training, ns a token (min–max) | beside the first |\n|---|---|---|---|---|\n");
        for (var i = 0; i < sizes.Length; i++)
            table.AppendLine(CultureInfo.InvariantCulture, $"| {sizes[i]} MB | {texts[i].NanosecondsPerCharacter:F0} | {texts[i].BytesPerToken:F1} | {Figures(nanoseconds[i], nanoseconds[0])} |");
        table.Append("\n| T | training, ns a token (min–max) | beside the first |\n|---|---|---|\n");
        for (var i = 0; i < windows.Length; i++) table.AppendLine(CultureInfo.InvariantCulture, $"| {windows[i]} | {Figures(nanoseconds[sizes.Length + i], nanoseconds[sizes.Length])} |");
        table.Append("\n| threads | training, ns a token (min–max) | beside the first |\n|---|---|---|\n");
        var first = sizes.Length + windows.Length;
        for (var i = 0; i < threads.Length; i++) table.AppendLine(CultureInfo.InvariantCulture, $"| {threads[i]} | {Figures(nanoseconds[first + i], nanoseconds[first])} |");
        Report.Write("scaling", table.ToString(), args.Contains("--dry"));
        return 0;
    }

    /// <summary>Median and range, and the ratio of the rounds to those of the first.</summary>
    private static string Figures(double[] rounds, double[] first) =>
        string.Create(CultureInfo.InvariantCulture, $"{Report.Median(rounds):F0} ({rounds.Min():F0}–{rounds.Max():F0}) | {Report.Median(rounds.Zip(first, (own, other) => own / other)):F2}");

    private static Text Read(int megabytes)
    {
        var (before, start) = (GC.GetTotalMemory(forceFullCollection: true), Stopwatch.GetTimestamp());
        var characters = megabytes * Million;
        var tokenizer = Tokenizer.TrainOnParts(GeneratedText.Parts(characters), new TokenizerConfig { Kind = TokenizerKind.Char, Lowercase = false });
        var tokens = tokenizer.EncodeParts(GeneratedText.Parts(characters), characters);
        var windows = TextStream.Windows(tokens, Lanes, Window);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(windows);
        return new Text(megabytes, tokenizer, tokens, seconds * 1e9 / characters, (double)held / tokens.Length);
    }

    private static (TrainingLoop Loop, int Tokens) Loop(Text text, int window, BatchShards shards)
    {
        var config = new LanguageModelConfig { Encoder = new() { VocabularySize = text.Tokenizer.EmissionSize, EmbeddingSize = Hidden, Cell = CellKind.Lstm, HiddenSize = Hidden } };
        var network = config.Build();
        network.Initialize(1);
        var training = new TrainingConfig { Epochs = Million, BatchSize = Lanes, ShardRows = ShardRows, ClipNorm = 5, Schedule = ScheduleKind.Constant };
        // Few tokens to measure on: the end of an epoch comes often in the shortest text, and is not what is measured here.
        return (new TrainingLoop(network, TextStream.Windows(text.Tokens, Lanes, window), TextStream.Windows(text.Tokens[..100], 1, Window), training, shards), Lanes * window);
    }
}
