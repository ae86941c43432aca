using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Rnn.Benchmarks;

/// <summary><c>POST …/classify</c> of one text of 50 tokens on 16 connections, the service beside <see cref="OnnxServer"/> with the weights that the service trained.</summary>
internal static class OnnxHttp
{
    private const int WarmUps = 3, Rounds = 5, Connections = 16, Tokens = 50, Words = 990, Labels = 10;
    private const string Service = "http://127.0.0.1:23080", Onnx = "http://127.0.0.1:23081";

    private static readonly Random s_random = new(1);

    /// <summary>The table.</summary>
    public static async Task<string> RunAsync()
    {
        var work = Directory.CreateTempSubdirectory("rnn-serve-").FullName;
        var processes = new List<Process>();
        try
        {
            processes.Add(HttpBenchmark.Start(work, "dotnet", HttpBenchmark.Program(), "--urls", Service, $"--RnnService:DataDirectory={work}/data"));
            using var client = new HttpClient { BaseAddress = new Uri(Service) };
            var weights = await TrainAsync(client, work);
            processes.Add(HttpBenchmark.Start(work, "dotnet", typeof(OnnxHttp).Assembly.Location, "onnx", Onnx, weights));
            await HttpBenchmark.UntilAsync(async () => (await client.PostAsJsonAsync($"{Onnx}/classify", new { inputs = new[] { Text() } })).IsSuccessStatusCode, 60);
            for (var i = 0; i < 20; i++) await CheckAsync(client);
            return await MeasureAsync(work);
        }
        finally
        {
            await HttpBenchmark.StopAsync(work, processes);
        }
    }

    private static async Task<string> MeasureAsync(string work)
    {
        var script = await HttpBenchmark.ScriptAsync(work, "classify.lua", JsonSerializer.Serialize(new { inputs = new[] { Text() } }));
        (double P50, double P99, double Rate) own() => HttpBenchmark.Wrk(script, $"{Service}/api/v1/models/bench/classify", Connections);
        (double P50, double P99, double Rate) onnx() => HttpBenchmark.Wrk(script, $"{Onnx}/classify", Connections);
        // Compiled code reaches its last tier after some ten thousand requests.
        for (var i = 0; i < WarmUps; i++) (_, _) = (own(), onnx());
        var rounds = new List<((double P50, double P99, double Rate) Own, (double P50, double P99, double Rate) Onnx)>();
        for (var round = 0; round < Rounds; round++)
        {
            if (round % 2 == 0) rounds.Add((own(), onnx()));
            else
            {
                var first = onnx();
                rounds.Add((own(), first));
            }
        }

        var table = new StringBuilder("| endpoint, 50 tokens, 16 connections | requests/s (min–max) | p50 ms | p99 ms |\n|---|---|---|---|\n");
        Line(table, "the service", [.. rounds.Select(r => r.Own)]);
        Line(table, "Kestrel and ONNX Runtime", [.. rounds.Select(r => r.Onnx)]);
        return table.Append(CultureInfo.InvariantCulture, $"\nRequests per second, ratio: {Report.Median(rounds.Select(r => r.Own.Rate / r.Onnx.Rate)):F2}\n").ToString();
    }

    private static void Line(StringBuilder table, string name, (double P50, double P99, double Rate)[] rounds) => table.AppendLine(CultureInfo.InvariantCulture,
        $"| {name} | {Report.Median(rounds.Select(r => r.Rate)):N0} ({rounds.Min(r => r.Rate):N0}–{rounds.Max(r => r.Rate):N0}) | {Report.Median(rounds.Select(r => r.P50)):F2} | {Report.Median(rounds.Select(r => r.P99)):F2} |");

    private static string Text() => string.Join(' ', Enumerable.Range(0, Tokens).Select(_ => $"word{s_random.Next(Words)}"));

    /// <summary>Trains the model of the table's other rows, how well does not matter; returns where its weights are.</summary>
    private static async Task<string> TrainAsync(HttpClient client, string work)
    {
        await HttpBenchmark.UntilAsync(async () => (await client.GetAsync("/health/ready")).IsSuccessStatusCode, 60);
        var csv = new StringBuilder("text,label\n");
        for (var row = 0; row < 600; row++) csv.Append(CultureInfo.InvariantCulture, $"{Text()},label{row % Labels}\n");
        using var form = new MultipartFormDataContent { { new StringContent("bench"), "name" }, { new StringContent("sequence_classification"), "task" }, { new ByteArrayContent(Encoding.UTF8.GetBytes(csv.ToString())), "file", "bench.csv" } };
        await HttpBenchmark.AnswerAsync(await client.PostAsync("/api/v1/datasets", form));
        await HttpBenchmark.UntilTrainedAsync(client, await HttpBenchmark.AnswerAsync(await client.PostAsJsonAsync("/api/v1/training-jobs", new
        {
            dataset = "bench",
            model = "bench",
            network = new { cell = "lstm", hidden_size = 128, embedding_size = 64, layers = 1, bidirectional = false, pooling = "last" },
            tokenizer = new { kind = "word", vocabulary_size = 1000, min_frequency = 1, token_ngrams = 1, subword_features = "none" },
            training = new { epochs = 1 },
        })));
        var path = Path.Combine(work, "bench.safetensors");
        await File.WriteAllBytesAsync(path, await client.GetByteArrayAsync("/api/v1/models/bench/versions/1/weights"));
        return path;
    }

    private static async Task CheckAsync(HttpClient client)
    {
        var body = new { inputs = new[] { Text() } };
        var own = await HttpBenchmark.AnswerAsync(await client.PostAsJsonAsync("/api/v1/models/bench/classify", body));
        var onnx = await HttpBenchmark.AnswerAsync(await client.PostAsJsonAsync($"{Onnx}/classify", body));
        var (mine, theirs) = (own.GetProperty("predictions")[0].GetProperty("scores"), onnx.GetProperty("predictions")[0].GetProperty("scores"));
        foreach (var score in theirs.EnumerateObject())
            if (!(Math.Abs(score.Value.GetSingle() - mine.GetProperty(score.Name).GetSingle()) <= 1e-4)) throw new InvalidOperationException($"the service has {mine}, ONNX Runtime {theirs}: not the same computation");
    }
}
