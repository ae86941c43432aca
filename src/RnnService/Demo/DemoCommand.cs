using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging.Console;
using RnnService.Storage;
using Spectre.Console;

namespace RnnService.Demo;

/// <summary>
/// The command <c>demo</c>: starts the service, makes its own data, trains one model of each kind through the service's HTTP interface,
/// shows real predictions and the curl lines to repeat them, and stays serving. What an earlier run made is used again.
/// </summary>
internal sealed class DemoCommand
{
    private readonly DemoClient _client;
    private readonly DemoScreen _screen;
    private readonly string _curl;
    private readonly string _directory;
    private readonly CancellationToken _stopping;

    private DemoCommand(DemoClient client, DemoScreen screen, string curl, string directory, CancellationToken stopping) =>
        (_client, _screen, _curl, _directory, _stopping) = (client, screen, curl, directory, stopping);

    /// <summary>Only what goes wrong is logged: the screen belongs to the demo.</summary>
    public static void Quieten(ILoggingBuilder logging) =>
        // A rule for the provider beats those of the settings, which are for categories.
        logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true).AddFilter<ConsoleLoggerProvider>(level => level >= LogLevel.Warning);

    /// <summary>Runs the demo on the built service; returns when the service is stopped.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(WebApplication app)
    {
        await app.StartServingAsync();
        var address = app.Address().Replace("0.0.0.0", "localhost", StringComparison.Ordinal).Replace("[::]", "localhost", StringComparison.Ordinal).Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        var key = app.Services.GetRequiredService<RnnServiceOptions>().AdminKey;
        var stopping = app.Lifetime.ApplicationStopping;
        using var http = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(5) };
        if (key is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        var screen = new DemoScreen(AnsiConsole.Console);
        var directory = app.Services.GetRequiredService<DatabaseLocation>().DataDirectory;
        var curl = $"curl -s {address}/api/v1/models/{{0}}/classify{(key is null ? "" : " -H \"Authorization: Bearer $RnnService__AdminKey\"")} -H 'Content-Type: application/json' -d {{1}}";
        try
        {
            var demo = new DemoCommand(new DemoClient(http), screen, curl, directory, stopping);
            screen.Begin(address, directory);
            await demo.SentencesAsync();
            await demo.VideosAsync();
            screen.End(address);
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception error) when (error is InvalidOperationException or HttpRequestException or IOException)
        {
            screen.Fail(error.Message);
            await app.StopAsync(CancellationToken.None);
            return 1;
        }
    }

    private async Task SentencesAsync()
    {
        const string model = "demo-sentiment";
        _screen.Section("Sentences: negation and contrast", "Each template uses good and bad words in both roles, so only their order tells the verdict.");
        var train = SentenceSamples.Make(3_000, seed: 1);
        var test = SentenceSamples.Make(400, seed: 2, train.Select(sample => sample.Text).ToHashSet());
        await UploadAsync("demo-sentences", "sentences.csv", () => SentenceSamples.ToCsv(train));
        await UploadAsync("demo-sentences-test", "sentences-test.csv", () => SentenceSamples.ToCsv(test));
        await TrainAsync(model, "sentences", new
        {
            dataset = "demo-sentences",
            test_dataset = "demo-sentences-test",
            model,
            name = model,
            network = new { cell = "lstm", hidden_size = 48, embedding_size = 48 },
            training = new { epochs = 10, learning_rate = 0.003 },
        });
        var answers = await _client.ClassifyAsync(model, JsonSerializer.Serialize(new { inputs = SentenceSamples.Showcase.Select(sample => sample.Text) }), _stopping);
        _screen.Line("Sentences it has not seen, in pairs of the same words:");
        foreach (var (answer, sample) in answers.Zip(SentenceSamples.Showcase)) _screen.Verdict(answer, sample.Label, sample.Text);
        _screen.Command("Ask it yourself:", Curl(model, $$"""'{"inputs":["{{SentenceSamples.Showcase[0].Text}}"]}'"""));
    }

    private async Task VideosAsync()
    {
        const string model = "demo-motion";
        _screen.Section("Videos: which way does the dot move?", $"{VideoSamples.Side} × {VideoSamples.Side} pixels with noise; one frame tells nothing, only the sequence does.");
        var test = VideoSamples.Make(300, seed: 4);
        await UploadAsync("demo-videos", "videos.jsonl", () => VideoSamples.ToJsonLines(VideoSamples.Make(2_400, seed: 3)));
        await UploadAsync("demo-videos-test", "videos-test.jsonl", () => VideoSamples.ToJsonLines(test));
        await TrainAsync(model, "videos", new
        {
            dataset = "demo-videos",
            test_dataset = "demo-videos-test",
            model,
            name = model,
            network = new { cell = "gru", hidden_size = 48 },
            training = new { epochs = 20, learning_rate = 0.003 },
        });
        var shown = VideoSamples.Make(VideoSamples.Motions.Count, seed: 5);
        var body = Body(shown.Select(sample => sample.Frames));
        var answers = await _client.ClassifyAsync(model, body, _stopping);
        _screen.Film(shown[4].Frames, VideoSamples.Side);
        _screen.Line("That one and five more it has not seen:");
        foreach (var (answer, sample) in answers.Zip(shown)) _screen.Verdict(answer, sample.Label, $"a video of {sample.Frames.Length} frames, moving {sample.Label}");
        var file = Path.Combine(_directory, "demo-videos.json");
        await File.WriteAllTextAsync(file, body, _stopping);
        _screen.Command("Ask it yourself:", Curl(model, $"@{file}"));
    }

    private async Task UploadAsync(string name, string file, Func<byte[]> content)
    {
        var (rows, reused) = await _client.EnsureDatasetAsync(name, file, content, _stopping);
        _screen.Line(string.Create(CultureInfo.InvariantCulture, $"Dataset {name}: {rows:N0} rows {(reused ? "(from an earlier run)" : "uploaded")}"));
    }

    private async Task TrainAsync(string model, string what, object request)
    {
        if (await _client.NewestVersionAsync(model, _stopping) is null)
        {
            var id = await _client.StartAsync(model, request, _stopping);
            await _screen.ProgressAsync(model, update => _client.WatchAsync(id, update, _stopping));
        }

        var version = (await _client.NewestVersionAsync(model, _stopping))!.Value;
        _screen.Trained(model, version.GetProperty("version").GetInt32(), version.GetProperty("metrics").GetProperty("test").GetProperty("accuracy").GetDouble(), what);
    }

    private string Curl(string model, string data) => string.Format(CultureInfo.InvariantCulture, _curl, model, data);

    private static string Body(IEnumerable<float[][]> videos) => $$"""{"inputs":[{{string.Join(",", videos.Select(VideoSamples.ToJson))}}]}""";
}
